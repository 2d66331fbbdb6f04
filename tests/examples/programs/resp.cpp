// resp ADDRESS: a part of Redis, in its protocol (https://redis.io/docs/reference/protocol-spec): what redis-benchmark and
// redis-cli ask by default.
//
//     *2\r\n $3\r\n GET\r\n $1\r\n k\r\n     read_line(), then read_line() and read_exactly() for each part
//         |
//         v
//     Request [GET][k] --> Row --> Commands::*command --> Answer "$1\r\nv\r\n" --> one write
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "program.hpp"
#include "reactord/buffered_reader.hpp"
#include "resp/answer.hpp"
#include "resp/commands.hpp"
#include "resp/database.hpp"
#include "resp/request.hpp"

using namespace reactord;
using namespace resp;

namespace {

struct Row {
  std::string_view name;
  std::size_t least, most;  // parts of the request, with the name
  bool adds;                // refused when memory is full
  Commands::Command command;
};
constexpr std::size_t any = most_parts;
constexpr std::array<Row, 28> rows = {{
    {"ping", 1, 2, false, &Commands::ping},         {"echo", 2, 2, false, &Commands::echo},
    {"get", 2, 2, false, &Commands::get},           {"set", 3, any, true, &Commands::set},
    {"mset", 3, any, true, &Commands::mset},        {"incr", 2, 2, true, &Commands::incr},
    {"del", 2, any, false, &Commands::del},         {"exists", 2, any, false, &Commands::exists},
    {"lpush", 3, any, true, &Commands::lpush},      {"rpush", 3, any, true, &Commands::rpush},
    {"lpop", 2, 2, false, &Commands::lpop},         {"rpop", 2, 2, false, &Commands::rpop},
    {"lrange", 4, 4, false, &Commands::lrange},     {"sadd", 3, any, true, &Commands::sadd},
    {"spop", 2, 2, false, &Commands::spop},         {"hset", 4, any, true, &Commands::hset},
    {"hget", 3, 3, false, &Commands::hget},         {"zadd", 4, any, true, &Commands::zadd},
    {"zpopmin", 2, 2, false, &Commands::zpopmin},   {"dbsize", 1, 1, false, &Commands::dbsize},
    {"flushall", 1, 2, false, &Commands::flushall}, {"select", 2, 2, false, &Commands::select},
    {"config", 2, any, false, &Commands::config},   {"command", 1, any, false, &Commands::nothing},
    {"info", 1, any, false, &Commands::info},       {"quit", 1, any, false, &Commands::ok},
    {"client", 2, any, false, &Commands::ok},       {"flushdb", 1, 2, false, &Commands::flushall},
}};

class Resp final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    BufferedReader reader(conn, largest_part, largest_part + 2);
    Request request;
    Answer answer;
    while (true) {
      auto line = co_await reader.read_line();
      if (!line) co_return;
      auto parts = request.begin(*line);
      for (std::size_t left = parts.value_or(0); left > 0; --left) {
        auto head = co_await reader.read_line();
        if (!head) co_return;
        const auto size = request.size_of_part(*head);
        if (!size) {
          parts = std::unexpected(size.error());
          break;
        }
        auto part = co_await reader.read_exactly(*size + 2);
        if (!part) co_return;
        request.add(part->substr(0, *size));
      }
      if (!parts) {
        co_await conn.write("-ERR Protocol error: ", parts.error(), "\r\n");
        co_return;
      }
      if (request.size() == 0) continue;
      answer.clear();
      obey(request, answer);
      auto sent = co_await conn.write(answer.text());
      if (!sent || is_named(request[0], "QUIT")) co_return;
    }
  }

  void obey(const Request& request, Answer& answer) {
    const auto row =
        std::ranges::find_if(rows, [&](const Row& one) { return is_named(request[0], one.name); });
    if (row == rows.end()) {
      answer.error("ERR unknown command '" + std::string(request[0].substr(0, 128)) + "'");
    } else if (request.size() < row->least || request.size() > row->most) {
      answer.error("ERR wrong number of arguments for '" + std::string(row->name) + "' command");
    } else if (row->adds && !database_.has_room_for(request.bytes())) {
      answer.error("OOM command not allowed when used memory > 'maxmemory'.");
    } else {
      (commands_.*row->command)(request, answer);
    }
  }

  Database database_;
  Commands commands_{database_};
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return program::complain("usage: resp ADDRESS, as in resp 127.0.0.1:6379");
  Resp handler;
  Limits limits;
  limits.idle_timeout = limits.line_timeout = std::chrono::seconds(0);
  return program::serve(arguments[1], handler, limits);
}
