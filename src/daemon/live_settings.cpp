#include "daemon/live_settings.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "base/suggestion.hpp"
#include "daemon/control.hpp"
#include "daemon/counters.hpp"
#include "daemon/event_log.hpp"
#include "daemon/listen_hint.hpp"
#include "daemon/listener_log.hpp"
#include "daemon/metrics.hpp"
#include "daemon/metrics_file.hpp"
#include "daemon/notify.hpp"
#include "daemon/printable.hpp"
#include "daemon/program.hpp"
#include "daemon/program_log.hpp"
#include "daemon/programs.hpp"
#include "daemon/service_status.hpp"

namespace reactord {
namespace {

std::string no_limit(const Program& program, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Setting& setting : program.settings()) {
    if (is_limit(setting)) names.push_back(setting.name);
  }
  const bool is_other = program.find_setting(name) != nullptr;
  return printable(name) + ": " +
         (is_other ? "a setting, but no limit on clients: change it in the configuration, and reload"
                   : "unknown limit, " + suggestion(name, names));
}

}  // namespace

LiveSettings::LiveSettings(const CommandLine& line, const SettingsInForce& settings, Options options,
                           System system, const Parts& parts)
    : line_(line),
      settings_(settings),
      options_(std::move(options)),
      system_(system),
      parts_(parts),
      turn_(parts.reactor, 1) {}

Task<std::expected<void, LiveSettings::Refusal>> LiveSettings::start(LiveSettings& live) {
  Task<std::expected<Listeners::Change, Refusal>> changing = change_listeners(live, live.options_);
  auto listening = co_await std::move(changing);
  if (!listening) co_return std::unexpected(std::move(listening).error());
  log_change(live.parts_.log, *listening);
  log_unused(live.parts_.log, live.parts_.listeners.take_unused());
  log_unused_programs(live.parts_.log, live.options_, live.parts_.programs);
  live.tell_limits();
  co_return std::expected<void, Refusal>();
}

// Opens what the operator has asked for beside the clients.
std::expected<void, LiveSettings::Refusal> LiveSettings::prepare_sides(const Options& options) {
  const auto control = parts_.control.prepare(options.control);
  if (!control) return std::unexpected(Refusal{control.error(), control_hint(control.error())});
  const auto metrics = parts_.metrics.prepare(options.metrics);
  if (metrics) return {};
  parts_.control.abandon();
  return std::unexpected(Refusal{metrics.error(), metrics_hint(metrics.error())});
}

void LiveSettings::abandon_sides() noexcept {
  parts_.control.abandon();
  parts_.metrics.abandon();
}

// The control socket and the metrics are opened and the new programs are started before it listens for them. All of it is
// changed, or nothing.
Task<std::expected<Listeners::Change, LiveSettings::Refusal>> LiveSettings::change_listeners(
    LiveSettings& live, const Options& options) {
  const Parts& parts = live.parts_;
  try {
    const auto prepared = live.prepare_sides(options);
    if (!prepared) co_return std::unexpected(prepared.error());
    const auto programs = wanted_programs(options, wanted_listeners(options, parts.listeners.passed_names()));
    parts.programs.prepare(programs);
    Task<Result<Listeners::Change>> changing = parts.listeners.change_to(options);
    auto changed = co_await std::move(changing);
    if (changed) {
      parts.programs.follow(programs);
      parts.control.follow();
      parts.metrics.follow();
      parts.metrics_file.follow(options.metrics_file);
      co_return std::move(*changed);
    }
    parts.programs.abandon();
    live.abandon_sides();
    const std::string& name = options.program->name();
    co_return std::unexpected(Refusal{
        changed.error(), listen_hint(name, changed.error(), options.listen, parts.listeners.in_use())});
  } catch (const std::bad_alloc&) {
    live.abandon_sides();
    throw;
  }
}

// ---- reload()

Task<std::vector<std::string>> LiveSettings::reload(LiveSettings& live) {
  auto turn = co_await live.turn_.acquire();
  if (!turn) co_return std::vector<std::string>{"the daemon ends"};
  const Parts& parts = live.parts_;
  if (parts.server.is_draining()) {
    parts.log.line(LogLevel::warn, "reload-ignored").add("reason", "it is draining");
    co_return std::vector<std::string>{"the daemon is draining: it reads no settings any more"};
  }
  parts.notifier.reloading(monotonic_now());
  std::vector<std::string> mistakes;
  live.mistakes_ = 1;
  try {
    Task<std::vector<std::string>> changing = change_settings(live);
    auto found = co_await std::move(changing);
    mistakes = std::move(found);
    live.mistakes_ = mistakes.size();
  } catch (const std::bad_alloc&) {  // completed steps stay, and the next reload begins from there
    parts.log.line(LogLevel::error, "reload-failed").add("error", "out of memory");
  }
  parts.counters.reloaded(live.mistakes_, std::chrono::system_clock::now());
  if (live.mistakes_ > 0) {
    parts.log.line(LogLevel::error, "reload-failed")
        .add("mistakes", live.mistakes_)
        .add("config", live.options_.config);
  }
  parts.status.ready();
  if (live.mistakes_ > mistakes.size()) mistakes.push_back("out of memory");
  co_return mistakes;
}

// Applies all new settings or none. Returns the mistakes.
Task<std::vector<std::string>> LiveSettings::change_settings(LiveSettings& live) {
  const auto wanted = live.read();
  if (!wanted) {
    live.tell_mistakes(wanted.error());
    co_return wanted.error();
  }
  Task<std::expected<Listeners::Change, Refusal>> changing = change_listeners(live, wanted->options);
  const auto changed = co_await std::move(changing);
  if (!changed) co_return live.tell_refusal(changed.error());
  live.put_in_force(*wanted, *changed);
  co_return std::vector<std::string>();
}

// The settings as they are written now, within the system's limits. Error: the mistakes, one line each.
std::expected<LiveSettings::Wanted, std::vector<std::string>> LiveSettings::read() const {
  auto settings = SettingsInForce::read(line_);
  if (!settings) return std::unexpected(settings.error().lines);
  // A writer may have just emptied the file.
  const std::vector<std::string>& full = settings_.full_files();
  for (const std::string& file : settings->empty_files()) {
    if (std::ranges::find(full, file) != full.end())
      return std::unexpected(
          std::vector{printable(file) +
                      ": is empty, and was not so before: write another file and rename it to this one"});
  }
  auto options = settings->options_within(system_.descriptors,
                                          parts_.listeners.descriptors(settings->options()), system_.memory);
  if (!options) return std::unexpected(options.error().lines);
  return Wanted{std::move(*settings), std::move(*options)};
}

void LiveSettings::put_in_force(const Wanted& wanted, const Listeners::Change& changed) {
  const Options& options = wanted.options;
  parts_.log.set_level(options.log_level);
  parts_.events.set_probe_level(options.probe_level);
  parts_.events.set_access_log(options.access_log);
  if (options.log_rate != options_.log_rate) parts_.events.set_rate(options.log_rate);
  const bool has_new_limits = options.limits != options_.limits;
  const bool tells_limits = options.limits.connections.most != options_.limits.connections.most ||
                            options.limits.max_buffers != options_.limits.max_buffers;
  settings_ = wanted.settings;
  options_ = options;
  put_own_in_force(options_);
  if (has_new_limits) parts_.server.set_limits(options_.limits);
  parts_.log.line(LogLevel::info, "reloaded").add("config", options_.config);
  log_change(parts_.log, changed);
  log_unused_programs(parts_.log, options_, parts_.programs);
  if (tells_limits) tell_limits();
}

// ---- set_limit() and set_log_level()

Task<std::vector<std::string>> LiveSettings::set_limit(LiveSettings& live, std::string name,
                                                       std::string value, ControlCaller caller) {
  auto turn = co_await live.turn_.acquire();
  if (!turn) co_return std::vector<std::string>{"the daemon ends"};
  if (live.parts_.server.is_draining())
    co_return std::vector<std::string>{"the daemon is draining: its limits stay as they are"};
  auto wanted = live.with_limit(name, value);
  if (!wanted) co_return wanted.error();
  live.settings_ = std::move(wanted->settings);
  live.options_ = std::move(wanted->options);
  live.parts_.server.set_limits(live.options_.limits);
  auto line = live.parts_.log.line(LogLevel::info, "limits-changed");
  line.add("limit", name).add("value", value);
  add_caller(line, caller);
  co_return std::vector<std::string>();
}

std::expected<LiveSettings::Wanted, std::vector<std::string>> LiveSettings::with_limit(
    const std::string& name, const std::string& value) const {
  const Setting* const setting = options_.program->find_setting(name);
  if (setting == nullptr || !is_limit(*setting))
    return std::unexpected(std::vector{no_limit(*options_.program, name)});
  auto settings = settings_.with(*setting, value, control_origin);
  if (!settings) return std::unexpected(settings.error().lines);
  auto options = settings->options_within(system_.descriptors,
                                          parts_.listeners.descriptors(settings->options()), system_.memory);
  if (!options) return std::unexpected(options.error().lines);
  options->log_level = options_.log_level;
  return Wanted{std::move(*settings), std::move(*options)};
}

void LiveSettings::set_log_level(LogLevel level) noexcept {
  options_.log_level = level;
  parts_.log.set_level(level);
}

// ---- Reports

std::vector<std::string> LiveSettings::tell_refusal(const Refusal& refusal) {
  auto line = parts_.log.line(LogLevel::error, "reload-failed");
  line.add("error", refusal.error.text());
  if (refusal.hint.empty()) return {refusal.error.text()};
  line.add("hint", refusal.hint);
  return {refusal.error.text() + ". " + refusal.hint};
}

void LiveSettings::tell_mistakes(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    parts_.log.line(LogLevel::error, "reload-failed").add("error", line);
  }
}

void LiveSettings::tell_limits() {
  auto line = parts_.log.line(LogLevel::info, "limits");
  line.add("max-connections", options_.limits.connections.most)
      .add("descriptors", system_.descriptors)
      .add("max-buffers", options_.limits.max_buffers);
  if (system_.memory) line.add("memory", system_.memory->bytes);
}

}  // namespace reactord
