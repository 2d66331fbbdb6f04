// How sessions end in rare states: between two turns, with an answer lost, with limits at the edge of what they can be.
#include "support/served.hpp"

using reactord::Buffer;
using reactord::Conn;
using reactord::Limits;
using reactord::Task;
using test::Served;
using namespace std::chrono_literals;

namespace {

// Counts its lines.
class Counter final : public reactord::LineHandler {
 public:
  std::size_t lines = 0;

 private:
  void on_line(std::string_view, reactord::Reply& reply) override {
    ++lines;
    reply.write("ok\n");
  }
};

std::string many_lines() {
  std::string lines;
  for (int line = 0; line < 4000; ++line) lines += "x\n";
  return lines;
}

}  // namespace

TEST_CASE(
    "who is evicted while its next turn is to come is over the limit, and none of its lines is served") {
  Served stage(Limits{.max_buffers = 512 * 1024});
  static constexpr auto body = [](Served& on) -> Task<> {
    Counter counter;
    auto client = on.serve(counter);
    co_await test::say(client, many_lines());
    while (counter.lines < 512) co_await on.reactor.next_turn();
    Buffer other;
    other.prepare(on.reactor.buffers(), 1024 * 1024);
    const std::size_t before = counter.lines;
    while (on.server.open_connections() > 0) co_await on.reactor.next_turn();
    CHECK(counter.lines == before);
    other.clear();
  };
  stage.run(body(stage));
  CHECK(stage.ends == std::vector<std::string>{"over-limit max-buffers"});
}

TEST_CASE("after a kill no line is served any more") {
  Served stage;
  static constexpr auto body = [](Served& on) -> Task<> {
    Counter counter;
    auto client = on.serve(counter);
    co_await test::say(client, many_lines());
    while (counter.lines < 512) co_await on.reactor.next_turn();
    const std::size_t before = counter.lines;
    on.server.kill();
    while (on.server.open_connections() > 0) co_await on.reactor.next_turn();
    CHECK(counter.lines == before);
  };
  stage.run(body(stage));
  CHECK(stage.ends == std::vector<std::string>{"killed"});
}
