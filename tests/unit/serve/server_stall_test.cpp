// Whose handler held the loop: named where it is known, and nobody where it is not. In real time, so what stalls spins.
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::Limits;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

constexpr auto busy = 41ms;
constexpr auto at_least = 40ms;  // what the machine adds elsewhere is shorter, and not meant

void spin() {
  const reactord::Time end = reactord::monotonic_now() + busy;
  while (reactord::monotonic_now() < end) continue;
}

// Spins at line number `at`.
class Slow final : public reactord::LineHandler {
 public:
  explicit Slow(int at) : at_(at) {}
  int lines = 0;

 private:
  void on_line(std::string_view, reactord::Reply& reply) override {
    if (++lines == at_) spin();
    reply.write("ok\n");
  }
  int at_;
};

class Stream final : public reactord::StreamHandler {
 public:
  explicit Stream(bool slow) : slow_(slow) {}

 private:
  Task<> serve(Conn& conn, Context&) override {
    if (slow_) spin();
    char byte = 0;
    auto read = co_await conn.read(std::span(&byte, 1));
    CHECK_FALSE(read.has_value());
  }
  bool slow_;
};

using Names = std::vector<std::string>;

Names blamed(const ServerStage& stage) {
  Names names;
  for (const auto& stall : stage.observer.stalls) {
    if (stall.duration >= at_least) names.push_back(stall.protocol);
  }
  return names;
}

}  // namespace

TEST_CASE("a line that stalls is its own connection's, however that came to run") {
  for (const int at : {1, 300}) {  // as its bytes arrive, and in a later turn
    CAPTURE(at);
    Slow slow(at);
    Stream quick(false);
    ServerStage stage(Limits{.stall_threshold = 10ms});
    stage.run(
        [](ServerStage& on, Slow& handler, Stream& other) -> Task<> {
          auto client = on.serve(handler, "slow");
          std::string lines;
          for (int line = 0; line < 400; ++line) lines += "x\n";
          co_await test::say(client, lines);
          while (handler.lines == 0) co_await on.reactor.next_turn();
          auto began_meanwhile = on.serve(other, "other");
          while (handler.lines < 400) co_await on.reactor.next_turn();
        },
        slow, quick);
    CHECK(blamed(stage) == Names{"slow"});
  }
}

TEST_CASE("a stream that stalls as it begins is blamed itself, and not the one that began last") {
  Stream slow(true), quick(false);
  ServerStage stage(Limits{.stall_threshold = 10ms});
  stage.run(
      [](ServerStage& on, Stream& first, Stream& second) -> Task<> {
        auto one = on.serve(first, "slow");
        auto two = on.serve(second, "other");
        co_await test::pass(on.reactor, 1s);
      },
      slow, quick);
  CHECK(blamed(stage) == Names{"slow"});
}

TEST_CASE("what stalls beside all connections is nobody's, though one has just begun") {
  Stream quick(false);
  ServerStage stage(Limits{.stall_threshold = 10ms});
  stage.run(
      [](ServerStage& on, Stream& other) -> Task<> {
        auto client = on.serve(other, "other");
        co_await on.reactor.next_turn();
        spin();
        co_await on.reactor.next_turn();
      },
      quick);
  CHECK(blamed(stage) == Names{""});
}
