// The commands of the control socket that go on until the client has enough: see follow.hpp.
#include <array>
#include <charconv>
#include <limits>

#include "base/quantity.hpp"
#include "daemon/control_command.hpp"
#include "daemon/control_host.hpp"
#include "daemon/follow.hpp"
#include "daemon/log_lines.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/shown_address.hpp"
#include "daemon/trace_report.hpp"

namespace reactord {
namespace {

constexpr std::size_t connections_per_turn = 128;  // then the others have their turn
constexpr std::uint64_t most_lines = 1'000'000'000;

// ---- events

Task<std::string> events(ControlRequest& request) {
  if (request.words.size() > 1) co_return "events takes one level, as in: events warn";
  auto level = LogLevel::debug;
  if (!request.words.empty()) {
    const auto wanted = parse_log_level(request.words.front());
    if (!wanted) co_return wanted.error();
    level = *wanted;
  }
  LiveLines lines(request.conn);
  LogLines follower(request.host.log(), lines, request.format, level);
  Task<std::string> following = follow(request, lines, append_events_omitted);
  auto end = co_await std::move(following);
  co_return end;
}

// ---- trace

// The words behind `trace`.
struct TraceWords {
  std::uint64_t number = 0;
  std::uint64_t lines = std::numeric_limits<std::uint64_t>::max();
};

Parsed<TraceWords> parse_trace(const std::vector<std::string>& words) {
  constexpr auto what_is_right =
      "trace takes a number of the column id, and the lines after which it ends, as in: trace 7 20";
  TraceWords parsed;
  if (words.empty() || words.size() > 2) return std::unexpected(what_is_right);
  const std::string& id = words.front();
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), parsed.number);
  if (error != std::errc() || end != id.data() + id.size()) return std::unexpected(what_is_right);
  if (words.size() == 1) return parsed;
  const auto lines = read_count(words[1], most_lines);
  if (!lines || *lines == 0)
    return std::unexpected(words[1] + ": write a number of lines from 1 to " + std::to_string(most_lines));
  parsed.lines = *lines;
  return parsed;
}

// Result: why there is nothing to trace; empty: it is attached.
Task<std::string> find(ControlRequest& request, ConnectionTrace& trace) {
  while (trace.search(connections_per_turn) == ConnectionTrace::State::searching) {
    co_await request.context.reactor().next_turn();
    if (request.context.is_done()) co_return "the daemon is ending";
  }
  if (trace.state() == ConnectionTrace::State::attached) co_return std::string();
  co_return "there is no connection " + request.words[0] + ": connections lists all";
}

// A trace shows what clients say, so whoever asks for it is on record, at every level of the log.
void log_trace(ControlRequest& request, const OpenConnection& connection) {
  auto line = request.host.log().answer("trace");
  line.add("id", connection.number).add("protocol", connection.protocol);
  line.add("peer", shown_address(connection.remote));
  add_caller(line, request.conn.remote_addr().credentials());
}

Task<std::string> trace(ControlRequest& request) {
  const auto words = parse_trace(request.words);
  if (!words) co_return words.error();
  const auto permit = request.host.traces().try_acquire();
  if (!permit) {
    co_return std::to_string(control_traces) +
        " connections are traced already: end one of these traces first";
  }
  LiveLines lines(request.conn);
  TraceReport report(request.context.reactor(), lines, request.format, words->lines);
  ConnectionTrace tracing(request.host.server(), words->number, report);
  auto missing = co_await find(request, tracing);
  if (!missing.empty()) co_return missing;
  log_trace(request, tracing.connection());
  Task<std::string> following = follow(request, lines, append_trace_omitted);
  auto end = co_await std::move(following);
  co_return end;
}

constexpr std::string_view about_events =
    "  LEVEL is error, warn, info or debug: that level and those above it; all without it. Lines below the\n"
    "  level of the log are not made: log-level changes that. It goes on until you send anything, as an\n"
    "  empty line, or close. Another line than an empty one is the next command. Lines that you do not read\n"
    "  in time are counted: event=events-omitted.\n";

constexpr std::string_view about_trace =
    "  > is from the client, < to it; >+ and <+ have no line end yet. LIMIT: so many lines, then it ends.\n"
    "  It begins with the next byte, and goes on until the connection ends, or you send anything, as an\n"
    "  empty line, or close. The log says who has traced (event=trace), and nothing of the bytes.\n";

constexpr std::array<ControlCommand, 2> commands{{
    {"events", "[LEVEL]", "show the lines of the log as they are made", events, about_events},
    {"trace", "ID [LIMIT]", "show what a connection says and hears, line by line", trace, about_trace},
}};

}  // namespace

std::span<const ControlCommand> follow_commands() noexcept { return commands; }

}  // namespace reactord
