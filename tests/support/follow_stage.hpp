// FollowStage: a ControlStage with the commands that go on, and what their operators hear.
#pragma once

#include <string>
#include <utility>

#include "support/control_stage.hpp"

namespace test {

// The digits of times are written as 0.
inline std::string without_times(std::string text) {
  for (std::size_t at = 0; (at = text.find(':', at)) != text.npos; ++at) {
    if (at < 2 || at + 9 >= text.size() || text[at + 3] != ':' || text[at + 6] != '.') continue;
    for (std::size_t digit : {at - 2, at - 1, at + 1, at + 2, at + 4, at + 5, at + 7, at + 8, at + 9})
      text[digit] = '0';
    if (at >= 13 && text[at - 3] == 'T') text.replace(at - 13, 10, "2000-00-00");
  }
  return text;
}

struct FollowStage : ControlStage {
  explicit FollowStage(const reactord::Limits& limits = {}, const reactord::Limits& control_limits = {})
      : ControlStage({reactord::connection_commands(), reactord::follow_commands()}, limits, control_limits) {
  }

  reactord::Log& log() { return host.log(); }
  reactord::Task<> settle() {
    for (int turns = 0; turns < 20; ++turns) co_await reactor.next_turn();
  }
  // An operator whose command has begun.
  reactord::Task<reactord::Conn> begin(std::string command) {
    reactord::Conn conn = connect();
    co_await test::say(conn, command + '\n');
    co_await settle();
    co_return conn;
  }
  // What is there for the operator now.
  reactord::Task<std::string> heard(reactord::Conn& conn) {
    co_await settle();
    std::string text(conn.unread(), '\0');
    if (!text.empty()) {
      auto read = co_await conn.read(std::span(text));
      CHECK(read.has_value());
    }
    co_return without_times(text);
  }
};

}  // namespace test
