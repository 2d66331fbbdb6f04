#include <algorithm>
#include <array>
#include <utility>

#include "daemon/connection_filter.hpp"
#include "daemon/connection_query.hpp"
#include "daemon/connection_table.hpp"
#include "daemon/control_command.hpp"
#include "daemon/control_host.hpp"
#include "daemon/sorted_connections.hpp"
#include "reactord/connection_walk.hpp"

namespace reactord {
namespace {

// So many take a part of a millisecond, then the others have their turn. A kill closes a descriptor.
constexpr std::size_t connections_per_turn = 128;
constexpr std::size_t kills_per_turn = 8;
constexpr std::size_t sort_steps_per_turn = 1024;

// Writes `text`, which is empty then, and lets the others have their turn. Result: why no more is wanted; empty: it is.
Task<std::string> write_some(ControlRequest& request, std::string& text) {
  auto sent = co_await request.conn.write(text);
  text.clear();
  if (!sent) co_return sent.error().text();
  co_await request.context.reactor().next_turn();
  if (request.context.is_done()) co_return "this is not all: the control socket is being closed";
  co_return std::string();
}

Task<std::string> show_in_order(ControlRequest& request, const ConnectionQuery& query) {
  std::string text;
  ConnectionTable table(request.format, text);
  table.begin();
  std::size_t left = query.limit;
  ConnectionWalk::Show show = [&](const OpenConnection& connection) {
    if (left > 0 && query.filter.matches(connection)) {
      table.row(connection);
      --left;
    }
    return Fate::lives;
  };
  ConnectionWalk walk(request.host.server());
  while (left > 0 && walk.next(connections_per_turn, show)) {
    auto failure = co_await write_some(request, text);
    if (!failure.empty()) co_return failure;
  }
  table.end();
  auto failure = co_await write_some(request, text);
  co_return failure;
}

Task<std::string> collect(ControlRequest& request, const ConnectionQuery& query, SortedConnections& sorted) {
  ConnectionWalk::Show show = [&](const OpenConnection& connection) {
    if (query.filter.matches(connection)) sorted.add(query.rank_of(connection), connection);
    return Fate::lives;
  };
  ConnectionWalk walk(request.host.server());
  std::string nothing;
  while (walk.next(connections_per_turn, show)) {
    auto failure = co_await write_some(request, nothing);
    if (!failure.empty()) co_return failure;
  }
  while (sorted.sort(sort_steps_per_turn)) {
    auto failure = co_await write_some(request, nothing);
    if (!failure.empty()) co_return failure;
  }
  co_return std::string();
}

Task<std::string> show_sorted(ControlRequest& request, const ConnectionQuery& query) {
  SortedConnections sorted(std::min(query.limit, ConnectionQuery::most_sorted),
                           request.host.server().open_connections());
  auto missing = co_await collect(request, query, sorted);
  if (!missing.empty()) co_return missing;
  std::string text;
  ConnectionTable table(request.format, text);
  table.begin();
  for (std::size_t at = 0; at < sorted.size(); ++at) {
    table.row(sorted.at(at));
    if ((at + 1) % connections_per_turn != 0) continue;
    auto failure = co_await write_some(request, text);
    if (!failure.empty()) co_return failure;
  }
  table.end();
  auto failure = co_await write_some(request, text);
  if (failure.empty() && sorted.seen() > sorted.size() && query.limit > sorted.size()) {
    co_return "these are the first " + std::to_string(sorted.size()) + " of " +
        std::to_string(sorted.seen()) + ", more are not sorted: write a filter, or leave sort= out";
  }
  co_return failure;
}

Task<std::string> show_connections(ControlRequest& request) {
  const auto query = ConnectionQuery::parse(request.words);
  if (!query) co_return query.error();
  if (query->sort != nullptr) {
    auto error = co_await show_sorted(request, *query);
    co_return error;
  }
  auto error = co_await show_in_order(request, *query);
  co_return error;
}

Task<std::string> show_connection(ControlRequest& request) {
  const bool is_number =
      request.words.size() == 1 && request.words[0].find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) co_return "connection takes a number of the column id, as in: connection 7";
  ConnectionFilter filter;
  const auto added = filter.add(request.words[0]);
  if (!added) co_return added.error();
  std::string text;
  ConnectionWalk::Show show = [&](const OpenConnection& connection) {
    if (filter.matches(connection)) append_connection(connection, request.format, text);
    return Fate::lives;
  };
  ConnectionWalk walk(request.host.server());
  std::string nothing;
  while (text.empty() && walk.next(connections_per_turn, show)) {
    if (!text.empty()) break;
    auto failure = co_await write_some(request, nothing);
    if (!failure.empty()) co_return failure;
  }
  if (text.empty()) co_return "there is no connection " + request.words[0] + ": connections lists all";
  auto failure = co_await write_some(request, text);
  co_return failure;
}

// Error: what is wrong with the words behind `kill`.
Parsed<ConnectionFilter> victims(std::span<const std::string> words) {
  ConnectionFilter filter;
  if (words.empty()) {
    return std::unexpected(
        "kill takes the connections that are to end, as in: kill 7, kill 192.0.2.1, kill silent>1h, kill "
        "all");
  }
  if (words.size() == 1 && words[0] == "all") return filter;
  for (const std::string& word : words) {
    if (word == "all") return std::unexpected("all and a filter contradict each other: write one of them");
    if (auto added = filter.add(word); !added) return std::unexpected(std::move(added).error());
  }
  return filter;
}

// Kills some of those that `filter` selects, and counts them in `killed`. False: there is none left.
bool kill_some(ConnectionWalk& walk, const ConnectionFilter& filter, std::uint64_t& killed) {
  const std::uint64_t enough = killed + kills_per_turn;
  ConnectionWalk::Show show = [&](const OpenConnection& connection) {
    if (!filter.matches(connection)) return Fate::lives;
    ++killed;
    return Fate::killed;
  };
  for (std::size_t shown = 0; shown < connections_per_turn && killed < enough; ++shown) {
    if (!walk.next(1, show)) return false;
  }
  return true;
}

Task<std::string> kill(ControlRequest& request) {
  const auto filter = victims(request.words);
  if (!filter) co_return filter.error();
  std::uint64_t killed = 0;
  ConnectionWalk walk(request.host.server());
  std::string text, failure;
  while (failure.empty() && kill_some(walk, *filter, killed)) {
    failure = co_await write_some(request, text);
  }
  if (request.format == ControlFormat::json) {
    append_fields(std::array<ControlField, 1>{{{"killed", killed}}}, request.format, text);
  } else {
    text = "killed " + std::to_string(killed) + '\n';
  }
  auto sent = co_await request.conn.write(text);
  co_return sent ? failure : sent.error().text();
}

constexpr std::string_view filters =
    "\n"
    "  FILTER, of which each must hold:\n"
    "    7                    the connection with this number\n"
    "    192.0.2.1            every connection of this address\n"
    "    192.0.2.0/24         every connection of this network\n"
    "    192.0.2.1:51234      the connection of this port; unix:/PATH for a unix socket\n"
    "    peer=ADDRESS         the same as ADDRESS\n"
    "    protocol=NAME\n"
    "    state=STATE          idle, in-line, sending, stream, closing\n"
    "    age>1h silent>90s    since it was accepted, since bytes came or went: > < =\n"
    "    lines>20k id<1000    numbers\n"
    "    in>1MiB unsent>0     bytes: in, out, buffered, unsent\n";

constexpr std::string_view order =
    "\n"
    "  FILTER is told by: help kill\n"
    "  sort=COLUMN            by id, age, silent, lines, in, out, buffered or unsent, the greatest first\n"
    "  sort=-COLUMN           the least first\n"
    "  limit=N                at most N connections\n"
    "  without sort=          in the order in which they began\n";

constexpr std::array<ControlCommand, 3> commands{{
    {"connections", "[FILTER...] [sort=[-]COLUMN] [limit=N]", "show the open connections", show_connections,
     order},
    {"connection", "ID", "show all of one connection", show_connection},
    {"kill", "all|FILTER...", "end connections at once: ID, ADDRESS or conditions", kill, filters},
}};

}  // namespace

std::span<const ControlCommand> connection_commands() noexcept { return commands; }

}  // namespace reactord
