// Unwatched: a server of Scripted connections without an observer, for tests in which memory runs out.
#pragma once

#include <memory>
#include <utility>

#include "scripted_connection.hpp"

namespace test {

// A server without an observer, which would ask for memory. What it keeps for sockets is not looked at.
struct Unwatched : Stage {
  explicit Unwatched(const reactord::Limits& limits) : server(reactor, {.limits = limits}) {}
  reactord::Server server;
  Scripted::Script script;
  reactord::LineConnectionFactory factory{[this] { return std::make_unique<Scripted>(script); }};
  reactord::Conn serve(reactord::AnyHandler by) {
    auto pair = reactord::buffered_pipe(reactor);
    server.serve(std::move(pair.first), by);
    return std::move(pair.second);
  }
};

}  // namespace test
