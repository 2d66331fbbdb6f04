#include "daemon/daemon_host.hpp"

#include <utility>

#include "daemon/program.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/shown_address.hpp"

namespace reactord {

std::string DaemonHost::version() const {
  const Program& program = *parts_.settings.options().program;
  return program.name() + ' ' + program.version();
}

void DaemonHost::tell(TellCounter& tell) const {
  parts_.counters.tell(tell);
  parts_.program_log.tell(tell);
}

std::vector<ControlHost::ListenerRow> DaemonHost::listeners() const {
  std::vector<ListenerRow> rows;
  for (const Listeners::Served& one : parts_.listeners.served()) {
    const ListenerCounts counts = parts_.server.counts_of(one.id).value_or(ListenerCounts());
    rows.push_back({.protocol = one.option.protocol,
                    .address = shown_address(one.address),
                    .passed_as = one.option.is_passed() ? std::string(one.option.passed_name()) : "",
                    .age = parts_.reactor.now() - one.since,
                    .accepted = counts.accepted,
                    .open = counts.open});
  }
  return rows;
}

std::vector<ControlHost::LimitRow> DaemonHost::limits() const {
  std::vector<LimitRow> rows;
  const Options& options = parts_.settings.options();
  for (const Setting& setting : options.program->settings()) {
    if (!is_limit(setting)) continue;
    auto shown = parts_.settings.settings().shown(setting, options);
    rows.push_back({setting.name, std::move(shown.value), std::move(shown.origin)});
  }
  return rows;
}

std::string DaemonHost::refuses_reload() const {
  const Options& options = parts_.settings.options();
  if (parts_.server.is_draining()) return "the daemon is draining: it reads no settings any more";
  if (!options.config.empty()) return {};
  return "there is no configuration file: start " + options.program->name() + " with --config FILE";
}

Task<std::vector<std::string>> DaemonHost::reload(ControlCaller caller) {
  {
    auto line = parts_.log.line(LogLevel::info, "reload-requested");
    add_caller(line, caller);
  }
  Task<std::vector<std::string>> reloading = LiveSettings::reload(parts_.settings);
  auto mistakes = co_await std::move(reloading);
  co_return mistakes;
}

Task<std::vector<std::string>> DaemonHost::set_limit(std::string name, std::string value,
                                                     ControlCaller caller) {
  Task<std::vector<std::string>> setting =
      LiveSettings::set_limit(parts_.settings, std::move(name), std::move(value), caller);
  auto mistakes = co_await std::move(setting);
  co_return mistakes;
}

// Logged at every level, because it may be what makes the log silent.
Task<std::vector<std::string>> DaemonHost::set_log_level(LogLevel level, ControlCaller caller) {
  auto turn = co_await parts_.settings.turn().acquire();
  if (!turn) co_return std::vector<std::string>{"the daemon ends"};
  parts_.settings.set_log_level(level);
  auto line = parts_.log.answer("log-level-changed");
  line.add("log-level", log_level_names[static_cast<std::size_t>(level)]);
  add_caller(line, caller);
  co_return std::vector<std::string>();
}

Task<std::vector<std::string>> DaemonHost::drain(ControlCaller caller) {
  auto turn = co_await parts_.settings.turn().acquire();
  if (!turn) co_return std::vector<std::string>{"the daemon ends"};
  {
    auto line = parts_.log.line(LogLevel::info, "drain-requested");
    add_caller(line, caller);
  }
  stop_();
  co_return std::vector<std::string>();
}

}  // namespace reactord
