// The commands of the control socket that tell what the daemon knows. They walk over no connections: their cost is that of
// their rows.
#include <unistd.h>

#include <array>
#include <deque>

#include "daemon/control_command.hpp"
#include "daemon/control_host.hpp"
#include "daemon/control_table.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/time_text.hpp"

namespace reactord {
namespace {

std::string takes_nothing(const ControlRequest& request, std::string_view name) {
  if (request.words.empty()) return {};
  return std::string(name) + " takes no argument but --json";
}

Task<std::string> send(ControlRequest& request, std::string text) {
  auto sent = co_await request.conn.write(text);
  co_return sent ? std::string() : sent.error().text();
}

// ---- stats

// A time of day is a text, which `texts` keeps.
ControlTable::Cell cell_of(const CounterValue& value, std::deque<std::string>& texts) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) return *number;
  if (const auto* duration = std::get_if<Duration>(&value)) return *duration;
  if (const auto* text = std::get_if<std::string_view>(&value)) return texts.emplace_back(*text);
  return texts.emplace_back(time_text(std::get<std::chrono::system_clock::time_point>(value)));
}

std::string stats_of(ControlHost& host, ControlFormat format) {
  std::deque<std::string> texts;
  const std::string_view version = texts.emplace_back(host.version());
  std::vector<ControlField> fields{{"version", version}, {"pid", static_cast<std::uint64_t>(::getpid())}};
  TellCounter add = [&](std::string_view name, const CounterValue& value) {
    const std::string_view kept = texts.emplace_back(name);
    fields.push_back({kept, cell_of(value, texts)});
  };
  host.tell(add);
  fields.push_back({"waiting", std::uint64_t{host.server().waiting_connections()}});
  fields.push_back({"draining", std::string_view(host.server().is_draining() ? "yes" : "no")});
  fields.push_back({"descriptors-limit", std::uint64_t{host.descriptors()}});
  fields.push_back({"log-level", log_level_names[static_cast<std::size_t>(host.log_level())]});
  std::string text;
  append_fields(fields, format, text);
  return text;
}

Task<std::string> stats(ControlRequest& request) {
  std::string mistake = takes_nothing(request, "stats");
  if (!mistake.empty()) co_return mistake;
  Task<std::string> sending = send(request, stats_of(request.host, request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

// ---- listeners

std::string table_of(const std::vector<ControlHost::ListenerRow>& rows, ControlFormat format) {
  static constexpr std::array<ControlTable::Column, 6> columns{
      {{"protocol", 12}, {"age", 8}, {"accepted", 10}, {"open", 8}, {"address", 32}, {"passed-as", 0}}};
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (const auto& row : rows)
    table.row(std::array<ControlTable::Cell, 6>{row.protocol, row.age, row.accepted, std::uint64_t{row.open},
                                                row.address, row.passed_as});
  table.end();
  return text;
}

Task<std::string> listeners(ControlRequest& request) {
  std::string mistake = takes_nothing(request, "listeners");
  if (!mistake.empty()) co_return mistake;
  Task<std::string> sending = send(request, table_of(request.host.listeners(), request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

// ---- programs

std::string table_of(const std::vector<Programs::Shown>& rows, ControlFormat format) {
  static constexpr std::array<ControlTable::Column, 9> columns{{{"program", 16},
                                                                {"mode", 10},
                                                                {"state", 8},
                                                                {"workers", 7},
                                                                {"running", 7},
                                                                {"connections", 11},
                                                                {"open-lines", 10},
                                                                {"starts", 8},
                                                                {"ends", 8}}};
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (const Programs::Shown& row : rows) {
    const std::string_view mode = row.mode == ProgramMode::worker ? "worker" : "connection";
    table.row(std::array<ControlTable::Cell, 9>{row.name, mode, row.state, std::uint64_t{row.workers},
                                                std::uint64_t{row.processes}, std::uint64_t{row.connections},
                                                std::uint64_t{row.open_lines}, row.starts,
                                                row.starts - row.processes});
  }
  table.end();
  return text;
}

Task<std::string> programs(ControlRequest& request) {
  std::string mistake = takes_nothing(request, "programs");
  if (!mistake.empty()) co_return mistake;
  Task<std::string> sending = send(request, table_of(request.host.programs(), request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

// ---- slow

std::string table_of(const SlowCalls& calls, Time now, ControlFormat format) {
  static constexpr std::array<ControlTable::Column, 5> columns{
      {{"ago", 8}, {"took", 8}, {"connection", 10}, {"protocol", 12}, {"peer", 0}}};
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  for (std::size_t age = 0; age < calls.size(); ++age) {
    const SlowCalls::Call& call = calls.newest(age);
    table.row(std::array<ControlTable::Cell, 5>{now - call.ended, call.took, call.connection, call.protocol,
                                                call.peer});
  }
  table.end();
  return text;
}

Task<std::string> slow(ControlRequest& request) {
  std::string mistake = takes_nothing(request, "slow");
  if (!mistake.empty()) co_return mistake;
  const ControlHost& host = request.host;
  if (host.stall_threshold() == Duration(0) && host.slow_calls().size() == 0)
    co_return "stall-threshold is 0, so no call is slow: limits stall-threshold 100ms sets it";
  const Time now = request.host.server().reactor().now();
  Task<std::string> sending = send(request, table_of(host.slow_calls(), now, request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

constexpr std::array<ControlCommand, 4> commands{{
    {"stats", "", "show the counters of SIGUSR1, and what the daemon is", stats,
     "  lines, in and out are those of connections that have ended. waiting: accepted, and not served\n"
     "  yet because of the limits on their address; they count as open.\n"},
    {"listeners", "", "list where the daemon listens, and the connections of each listener", listeners,
     "  accepted: so far, since the listener was opened or began to serve that protocol. open: of those.\n"},
    {"programs", "", "list the programs that serve connections, and their processes", programs,
     "  workers: as configured, 0 where each connection has a process. running: the processes.\n"
     "  open-lines: given to a worker and not answered. starts and ends: of processes, so far.\n"},
    {"slow", "", "list the last calls of handlers that have held up everybody, newest first", slow,
     "  took: longer than stall-threshold, by the clock. Connection 0: the work of none. The last 128 are "
     "kept.\n"},
}};

}  // namespace

std::span<const ControlCommand> report_commands() noexcept { return commands; }

}  // namespace reactord
