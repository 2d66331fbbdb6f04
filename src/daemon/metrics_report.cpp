#include "daemon/metrics_report.hpp"

#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/control_host.hpp"
#include "daemon/daemon_facts.hpp"
#include "daemon/live_totals.hpp"

namespace reactord {
namespace {

using Type = MetricsText::Type;

void tell(MetricsText& out, std::string_view name, Type type, std::string_view help,
          const MetricsText::Value& value) {
  out.family(name, type, help);
  out.sample(value);
}

void tell_daemon(MetricsText& out, const ControlHost& host, const DaemonFacts& facts, const Server& server) {
  out.family("reactord_build_info", Type::gauge, "What runs: its program and version. Always 1.");
  out.sample({{"program", facts.program}, {"version", facts.version}}, std::uint64_t{1});
  tell(out, "reactord_start_time_seconds", Type::gauge, "When the daemon started, in seconds since 1970.",
       facts.started);
  tell(out, "reactord_draining", Type::gauge, "1 while the daemon drains, else 0.",
       std::uint64_t{server.is_draining()});
  out.family("reactord_reloads_total", Type::counter, "Reloads of the configuration, by their result.");
  out.sample({{"result", "done"}}, facts.reloads_done);
  out.sample({{"result", "failed"}}, facts.reloads_failed);
  tell(out, "reactord_last_reload_timestamp_seconds", Type::gauge,
       "When the last reload ended, done or failed, in seconds since 1970. 0: there was none.",
       facts.last_reload);
  if (facts.resident_memory > 0)
    tell(out, "reactord_resident_memory_bytes", Type::gauge, "Memory that the process has.",
         std::uint64_t{facts.resident_memory});
  tell(out, "reactord_descriptors_open", Type::gauge, "Descriptors that are open.",
       std::uint64_t{facts.open_descriptors});
  tell(out, "reactord_descriptors_limit", Type::gauge, "The limit on open descriptors.",
       std::uint64_t{host.descriptors()});
  tell(out, "reactord_buffer_bytes", Type::gauge,
       "Memory that holds bytes from clients, and answers that wait for them.",
       std::uint64_t{server.reactor().buffers().bytes_in_use()});
  tell(out, "reactord_buffer_limit_bytes", Type::gauge, "The limit on it, max-buffers. 0: there is none.",
       std::uint64_t{facts.buffer_limit});
}

void tell_connections(MetricsText& out, const Server& server, const TotalsWalk& walk) {
  tell(out, "reactord_connections_accepted_total", Type::counter, "Connections that were accepted.",
       server.accepted());
  tell(out, "reactord_connections_open", Type::gauge, "Connections that are open.",
       std::uint64_t{server.open_connections()});
  tell(out, "reactord_connections_waiting", Type::gauge,
       "Open connections that are not served yet, because of the limits on their address.",
       std::uint64_t{server.waiting_connections()});
  out.family("reactord_connections_ended_total", Type::counter, "Connections that have ended, by the cause.");
  for (std::size_t index = 0; index < end_causes; ++index) {
    const auto cause = static_cast<EndCause>(index);
    out.sample({{"cause", to_string(cause)}}, server.ended(cause));
  }
  out.family("reactord_connections_in_state", Type::gauge, "Connections that are served, by their state.");
  for (std::size_t index = 0; index < connection_states; ++index)
    out.sample({{"state", to_string(static_cast<ConnectionState>(index))}}, walk.states()[index]);
  tell(out, "reactord_lines_total", Type::counter, "Lines that were served, of open and ended connections.",
       walk.sums().lines);
  tell(out, "reactord_received_bytes_total", Type::counter,
       "Bytes from clients, of open and ended connections.", walk.sums().bytes_read);
  tell(out, "reactord_sent_bytes_total", Type::counter, "Bytes to clients, of open and ended connections.",
       walk.sums().bytes_written);
}

void tell_listeners(MetricsText& out, const std::vector<DaemonFacts::ListenerCounts>& listeners) {
  if (listeners.empty()) return;
  out.family("reactord_listener_accepted_total", Type::counter,
             "Connections that were accepted, by the listener.");
  for (const auto& one : listeners)
    out.sample({{"listener", one.listener}, {"protocol", one.protocol}}, one.accepted);
  out.family("reactord_listener_connections", Type::gauge, "Connections that are open, by the listener.");
  for (const auto& one : listeners)
    out.sample({{"listener", one.listener}, {"protocol", one.protocol}}, std::uint64_t{one.connections});
}

void tell_events(MetricsText& out, const DaemonFacts& facts) {
  out.family("reactord_limit_reached_total", Type::counter,
             "How often a limit on clients was reached, and what was done.");
  for (const auto& row : facts.limits) out.sample({{"limit", row.first}, {"action", row.second}}, row.count);
  out.family("reactord_accept_pauses_total", Type::counter,
             "How often a listener has paused, by the error of accept.");
  for (const auto& row : facts.pauses) out.sample({{"error", row.first}}, row.count);
  tell(out, "reactord_stalls_total", Type::counter,
       "Calls that have held up everybody for longer than stall-threshold.", facts.stalls);
  tell(out, "reactord_handler_failures_total", Type::counter, "Exceptions that have left a handler.",
       facts.handler_failures);
  out.family("reactord_log_lines_total", Type::counter,
             "Lines of the log: written, left out by log-rate, or dropped because nobody took them.");
  out.sample({{"result", "written"}}, facts.log_written);
  out.sample({{"result", "omitted"}}, facts.log_omitted);
  out.sample({{"result", "dropped"}}, facts.log_dropped);
}

void tell_durations(MetricsText& out, std::string_view name, std::string_view help,
                    const std::optional<DaemonFacts::Durations>& durations) {
  if (!durations) return;
  out.family(name, Type::histogram, help);
  out.histogram(durations->buckets, durations->beyond, durations->sum);
}

void tell_loop(MetricsText& out, const DaemonFacts& facts, const Server& server) {
  tell(out, "reactord_turns_total", Type::counter, "Turns of the loop.", server.reactor().turns());
  tell_durations(out, "reactord_turn_seconds",
                 "How long a turn of the loop took, without its wait; of one turn in sixteen.", facts.turns);
  tell_durations(out, "reactord_handler_seconds", "How long the loop was in one call, in these turns.",
                 facts.handlers);
  tell_durations(out, "reactord_timer_lateness_seconds", "How late timers were.", facts.timer_lateness);
}

struct ProgramNumbers {
  std::uint64_t processes = 0, starts = 0, open_lines = 0, connections = 0;
};

// A program that was changed may be there twice for a while, with the same name: its label tells both together.
std::map<std::string, ProgramNumbers> programs_of(const ControlHost& host, const DaemonFacts& facts) {
  std::map<std::string, ProgramNumbers> programs;
  for (const Programs::Shown& one : host.programs()) {
    ProgramNumbers& numbers = programs[one.name];
    numbers.processes += one.processes;
    numbers.open_lines += one.open_lines;
    numbers.connections += one.connections;
  }
  for (const auto& row : facts.program_starts) programs[row.first].starts += row.count;
  return programs;
}

void tell_programs(MetricsText& out, const ControlHost& host, const DaemonFacts& facts) {
  struct Family {
    std::string_view name, help;
    Type type;
    std::uint64_t ProgramNumbers::*number;
  };
  static constexpr std::array<Family, 4> families{
      {{"reactord_program_processes", "Processes of a program that run.", Type::gauge,
        &ProgramNumbers::processes},
       {"reactord_program_starts_total", "Processes of a program that were started.", Type::counter,
        &ProgramNumbers::starts},
       {"reactord_program_open_lines", "Lines that were given to a program and are not answered.",
        Type::gauge, &ProgramNumbers::open_lines},
       {"reactord_program_connections", "Connections that a program serves.", Type::gauge,
        &ProgramNumbers::connections}}};
  const auto programs = programs_of(host, facts);
  for (const Family& family : families) {
    out.family(family.name, family.type, family.help);
    for (const auto& [name, numbers] : programs) out.sample({{"program", name}}, numbers.*family.number);
  }
}

std::string text_of(ControlHost& host, const TotalsWalk& walk, MetricsFormat format) {
  const DaemonFacts facts = host.facts();
  const Server& server = host.server();
  std::string text;
  MetricsText out(format, text);
  tell_daemon(out, host, facts, server);
  tell_connections(out, server, walk);
  tell_listeners(out, facts.listeners);
  tell_events(out, facts);
  tell_loop(out, facts, server);
  tell_programs(out, host, facts);
  out.end();
  return text;
}

}  // namespace

Task<Result<std::string>> make_metrics(ControlHost& host, Context& context, MetricsFormat format) {
  TotalsWalk walk(host.server(), host.totals());
  while (walk.next(metrics_connections_per_turn)) {
    co_await context.reactor().next_turn();
    if (context.is_done()) co_return std::unexpected(Error(context.code()));
  }
  co_return text_of(host, walk, format);
}

}  // namespace reactord
