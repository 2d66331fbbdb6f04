#include "daemon/daemon_host.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/system_files.hpp"
#include "base/system_process.hpp"
#include "daemon/duration_buckets.hpp"
#include "daemon/program.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/shown_address.hpp"
#include "event/loop_times.hpp"

namespace reactord {
namespace {

// The kernel counts them since Linux 6.2. Before, those that the loop watches stand for all: some ten are missing.
std::size_t open_descriptors(const Reactor& reactor) {
  struct stat status {};
  const bool is_known = system::followed_file_status("/proc/self/fd", status) == 0 && status.st_size > 0;
  return is_known ? static_cast<std::size_t>(status.st_size) : reactor.open_descriptors();
}

// Listeners that share address and protocol, as those of a port that several sockets were opened for, are told as one.
std::vector<DaemonFacts::ListenerCounts> listener_counts(std::vector<ControlHost::ListenerRow> rows) {
  std::ranges::sort(rows, {},
                    [](const ControlHost::ListenerRow& row) { return std::tie(row.protocol, row.address); });
  std::vector<DaemonFacts::ListenerCounts> counts;
  for (ControlHost::ListenerRow& row : rows) {
    if (!counts.empty() && counts.back().listener == row.address && counts.back().protocol == row.protocol) {
      counts.back().accepted += row.accepted;
      counts.back().connections += row.open;
    } else {
      counts.push_back({std::move(row.address), std::move(row.protocol), row.accepted, row.open});
    }
  }
  return counts;
}

}  // namespace

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

DaemonFacts DaemonHost::facts() const {
  const Options& options = parts_.settings.options();
  const Counters& counters = parts_.counters;
  const Log::Counts lines = parts_.log.counts();
  return {.program = options.program->name(),
          .version = options.program->version(),
          .started = counters.started_at(),
          .limits = counters.events().limits().rows(),
          .pauses = counters.events().pauses().rows(),
          .stalls = counters.events().stalls(),
          .handler_failures = counters.events().handler_failures(),
          .reloads_done = counters.reloads().done,
          .reloads_failed = counters.reloads().failed,
          .last_reload = counters.reloads().last,
          .log_written = lines.written,
          .log_omitted = parts_.events.omitted(),
          .log_dropped = lines.dropped,
          .program_starts = parts_.program_log.starts().rows(),
          .buffer_limit = options.limits.max_buffers,
          .resident_memory = system::resident_memory(),
          .open_descriptors = open_descriptors(parts_.reactor),
          .listeners = listener_counts(listeners()),
          .turns = in_buckets(parts_.reactor.times().turns()),
          .handlers = in_buckets(parts_.reactor.times().dispatches()),
          .timer_lateness = in_buckets(parts_.reactor.times().lateness())};
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
