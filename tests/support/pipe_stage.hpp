// PipeStage: the two ends of a pipe in memory, on a virtual clock.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "reactord/pipe.hpp"
#include "support/stage.hpp"

namespace test::pipes {

using namespace reactord;
using namespace std::chrono_literals;

using Outcome = std::optional<Result<std::size_t>>;

struct PipeStage : test::Stage {
  explicit PipeStage(ConnPair (*make)(Reactor&) = reactord::pipe) : ends(make(reactor)) {}
  ConnPair ends;
  Conn& one = ends.first;
  Conn& other = ends.second;
};

inline Task<> write_into(Conn& conn, std::string bytes, Outcome& outcome) {
  auto written = co_await conn.write(bytes);
  outcome.emplace(std::move(written));
}

inline Task<> read_into(Conn& conn, std::size_t size, std::string& bytes, Outcome& outcome) {
  std::string room(size, '\0');
  auto count = co_await conn.read(std::span(room));
  if (count) bytes = room.substr(0, *count);
  outcome.emplace(std::move(count));
}

// Several turns: what one end is told takes effect in the next.
inline Task<> some_turns(Reactor& reactor) {
  for (int turn = 0; turn < 4; ++turn) co_await reactor.next_turn();
}

inline std::string text_of(const Outcome& outcome) {
  if (!outcome) return "pending";
  return *outcome ? std::to_string(**outcome) : outcome->error().text();
}

}  // namespace test::pipes
