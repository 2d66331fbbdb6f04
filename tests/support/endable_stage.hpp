// EndableStage: a Server that a test may end, and handlers that do as the test says.
#pragma once

#include <array>
#include <functional>
#include <optional>

#include "reactord/context.hpp"
#include "support/listening_stage.hpp"

namespace test::endable {

using namespace reactord;
using namespace std::chrono_literals;

// Answers "got " and the line, after `before` has had its way with it.
class Calling final : public LineHandler {
 public:
  std::function<void(std::string_view line, Reply& reply)> before;
  std::size_t lines = 0;

 private:
  void on_line(std::string_view line, Reply& reply) override {
    ++lines;
    if (before) before(line, reply);
    reply.write("got ", line, "\n");
  }
};

class Echoes final : public reactord::StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::array<char, 256> room{};
    while (true) {
      auto read = co_await conn.read(room);
      if (!read) co_return;
      const std::string_view bytes(room.data(), *read);
      auto sent = co_await conn.write(bytes);
      if (!sent) co_return;
    }
  }
};

// A Server that a test may end.
struct EndableStage : test::Stage {
  explicit EndableStage(const Limits& limits = {}) { made(limits); }
  void made(const Limits& limits) { server.emplace(reactor, reactord::ServerOptions{limits, &observer}); }
  template <typename Handler>
  Conn serve(Handler& handler) {
    auto pair = reactord::buffered_pipe(reactor);
    server->serve(std::move(pair.first), handler);
    return std::move(pair.second);
  }
  test::RecordingObserver observer;
  Calling lines;
  Echoes echoes;
  std::optional<Server> server;
};

}  // namespace test::endable
