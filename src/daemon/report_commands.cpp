// The commands of the control socket that tell what the daemon knows. They walk over no connections: their cost is that of
// their rows.
#include <array>

#include "daemon/control_command.hpp"
#include "daemon/control_host.hpp"
#include "daemon/control_table.hpp"
#include "daemon/ended_query.hpp"
#include "daemon/send_answer.hpp"
#include "daemon/shown_address.hpp"
#include "daemon/stats_text.hpp"

namespace reactord {
namespace {

std::string takes_nothing(const ControlRequest& request, std::string_view name) {
  if (request.words.empty()) return {};
  return std::string(name) + " takes no argument but --json";
}

// ---- stats

Task<std::string> stats(ControlRequest& request) {
  std::string mistake = takes_nothing(request, "stats");
  if (!mistake.empty()) co_return mistake;
  Task<std::string> sending = send_answer(request, stats_text(request.host, request.format));
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
  Task<std::string> sending = send_answer(request, table_of(request.host.listeners(), request.format));
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
  Task<std::string> sending = send_answer(request, table_of(request.host.programs(), request.format));
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
  Task<std::string> sending = send_answer(request, table_of(host.slow_calls(), now, request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

// ---- ended

std::string table_of(const EndedConnections& ended, const EndedQuery& query, Time now, ControlFormat format) {
  static constexpr std::array<ControlTable::Column, 11> columns{{{"ago", 6},
                                                                 {"id", 6},
                                                                 {"protocol", 10},
                                                                 {"peer", 21},
                                                                 {"cause", 13},
                                                                 {"lines", 8},
                                                                 {"in", 10},
                                                                 {"out", 10},
                                                                 {"lived", 6},
                                                                 {"limit", 13},
                                                                 {"error", 0}}};
  std::string text;
  ControlTable table(columns, format, text);
  table.begin();
  std::size_t shown = 0;
  for (std::size_t age = 0; age < ended.size() && shown < query.limit; ++age) {
    const EndedConnections::End& end = ended.newest(age);
    if (!query.matches(end)) continue;
    ++shown;
    const std::string peer = shown_address(end.remote);
    const std::string error = end.error == 0 ? std::string() : errno_text(end.error);
    table.row(std::array<ControlTable::Cell, 11>{now - end.when, end.number, end.protocol, peer,
                                                 to_string(end.cause), end.lines, end.bytes_read,
                                                 end.bytes_written, end.duration, end.limit, error});
  }
  table.end();
  return text;
}

Task<std::string> ended(ControlRequest& request) {
  const auto query = EndedQuery::parse(request.words);
  if (!query) co_return query.error();
  const Time now = request.host.server().reactor().now();
  Task<std::string> sending =
      send_answer(request, table_of(request.host.ended_connections(), *query, now, request.format));
  auto sent = co_await std::move(sending);
  co_return sent;
}

constexpr std::array<ControlCommand, 5> commands{{
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
    {"ended", "[ID] [FILTER...] [limit=N]",
     "list the last connections that have ended, and why, newest first", ended,
     "  FILTER: an address or a network, protocol=NAME, cause=CAUSE, or failures, which are those that were\n"
     "  not served in full. lived: how long it was open. The last 512 are kept, whatever the log leaves "
     "out.\n"},
}};

}  // namespace

std::span<const ControlCommand> report_commands() noexcept { return commands; }

}  // namespace reactord
