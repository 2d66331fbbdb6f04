// How sessions end in rare states: between two turns, with an answer lost, with limits at the edge of what they can be.
#include "reactord/context.hpp"
#include "support/fail_next.hpp"
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Limits;
using reactord::Task;
using test::ServerStage;
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

// Answers "big" with more than may wait for a client, and other lines with nothing.
class Big final : public reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override {
    if (line == "big") reply.write(std::string(100'000, 'B'), "\n");
  }
};

// Writes something, and waits for something else.
class Subscriber final : public reactord::StreamHandler {
 public:
  std::string why;

 private:
  Task<> serve(Conn& conn, reactord::Context& context) override {
    auto written = co_await conn.write("welcome");
    CHECK(written.has_value());
    auto waited = co_await context.done();
    CHECK_FALSE(waited.has_value());
    why = context.cause()->text();
  }
};

// Drains its own server when told to.
class Stopper final : public reactord::LineHandler {
 public:
  reactord::Server* server = nullptr;

 private:
  void on_line(std::string_view line, reactord::Reply& reply) override {
    if (line == "stop") server->drain(10s);
    reply.write("got ", line, "\n");
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
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    Counter counter;
    auto client = on.serve(counter);
    co_await test::say(client, many_lines());
    while (counter.lines < 512) co_await on.reactor.next_turn();
    on.server.set_limits(Limits{.max_buffers = 1});
    const std::size_t before = counter.lines;
    while (on.server.open_connections() > 0) co_await on.reactor.next_turn();
    CHECK(counter.lines == before);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"over-limit max-buffers"});
}

TEST_CASE("after a kill no line is served any more") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    Counter counter;
    auto client = on.serve(counter);
    co_await test::say(client, many_lines());
    while (counter.lines < 512) co_await on.reactor.next_turn();
    const std::size_t before = counter.lines;
    on.server.kill();
    while (on.server.open_connections() > 0) co_await on.reactor.next_turn();
    CHECK(counter.lines == before);
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"killed"});
}

TEST_CASE(
    "an answer beyond the watermark that could not be sent ends the connection, whatever comes behind it") {
  for (const std::string_view lines : {"big\n", "big\nquiet\n", "big\nqui"}) {
    CAPTURE(lines);
    const test::DescriptorCheck descriptors;
    reactord::VirtualClock clock;
    reactord::Reactor reactor(clock);
    Big big;
    reactord::Server server(reactor);
    auto listening = server.listen("127.0.0.1:0", big);
    REQUIRE(listening.has_value());
    const test::FailNext fail(test::Call::send, ENOBUFS);
    static constexpr auto body = [](reactord::Server& of, reactord::Reactor& on, reactord::Address address,
                                    std::string_view text) -> Task<> {
      test::Peer peer = test::Peer::connect(address);
      peer.send(text);
      co_await test::pass(on, 5s);
      CHECK(of.ended(reactord::EndCause::error) == 1);  // the kernel, not the peer
      of.kill();
    };
    test::run(reactor, body(server, reactor, *listening, lines));
    CHECK(fail.happened());
  }
}

TEST_CASE("the longest lifetime there is ends nothing") {
  ServerStage stage(Limits{.idle_timeout = 0s,
                           .line_timeout = 0s,
                           .lifetime = reactord::Duration::max(),
                           .lifetime_jitter_percent = 0});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    co_await test::pass(on.reactor, 1000h);
    CHECK(on.server.open_connections() == 1);
    co_await test::say(client, "x\n");
    auto heard = co_await test::hear(client, 6);
    CHECK(heard == "got x\n");
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
}

TEST_CASE("limits that can't be are taken as the nearest that can") {
  static constexpr std::size_t most = ~std::size_t{0};
  for (const reactord::OutputLimits& output :
       {reactord::OutputLimits{.high = 4096, .low = 20'000}, reactord::OutputLimits{.high = 0, .low = 0},
        reactord::OutputLimits{.high = most, .low = most, .hard = most},
        reactord::OutputLimits{.high = most, .low = std::size_t{1} << 32, .hard = 0}}) {
    CAPTURE(output.high);
    Limits limits;
    limits.output = output;
    ServerStage stage(limits);
    stage.run([](ServerStage& on) -> Task<> {
      auto client = on.client();
      co_await test::say(client, "big\nsmall\n");
      co_await test::pass(on.reactor, 1s);
      auto heard = co_await test::hear(client, 10'001 + 10);
      CHECK(heard.ends_with("\ngot small\n"));
    });
    CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
  }
}

TEST_CASE("a longest line that can't be is taken as the nearest that can") {
  for (const std::size_t max_line : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 32, ~std::size_t{0}}) {
    CAPTURE(max_line);
    ServerStage stage(Limits{.max_line = max_line, .long_lines = reactord::LongLine::truncate});
    stage.run([](ServerStage& on) -> Task<> {
      auto client = on.client();
      co_await test::say(client, "x\n");
      auto heard = co_await test::hear(client, 6);
      CHECK(heard == "got x\n");
    });
    CHECK(stage.observer.limits_met().empty());
  }
}

TEST_CASE("a stream that is given up tells its handler, whatever that waits for") {
  for (const auto idle_timeout : {0s, 60s}) {
    CAPTURE(idle_timeout.count());
    Subscriber subscriber;
    ServerStage stage(Limits{.idle_timeout = idle_timeout, .write_timeout = 30s});
    stage.run(
        [](ServerStage& on, Subscriber& by) -> Task<> {
          auto client = on.serve(by);
          co_await test::pass(on.reactor, 30s + 3ms);
          CHECK(on.server.open_connections() == 0);
          on.server.kill();
        },
        subscriber);
    CHECK(subscriber.why == "the peer took nothing for too long");
    CHECK(stage.observer.causes() == std::vector<std::string>{"slow-reader"});
  }
}

TEST_CASE("a drain from within a handler lets a half line behind it be completed") {
  const test::DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  reactord::Reactor reactor(clock);
  Stopper stopper;
  reactord::Server server(reactor);
  stopper.server = &server;
  auto listening = server.listen("127.0.0.1:0", stopper);
  REQUIRE(listening.has_value());
  test::run(
      reactor,
      [](reactord::Reactor& on, reactord::Address address) -> Task<> {
        test::Peer peer = test::Peer::connect(address);
        peer.send("stop\nnext\nha");
        co_await test::pass(on, 4s);
        peer.send("lf\n");
        auto heard = co_await test::read_to_end(on, peer);
        CHECK(heard == "got stop\ngot next\ngot half\n");
      },
      *listening);
  CHECK(server.ended(reactord::EndCause::drained) == 1);
}

TEST_CASE("who takes the last of its answers slowly, but takes it, has all of them") {
  ServerStage stage(Limits{.write_timeout = 30s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    co_await test::say(client, "big\n");
    auto finished = client.close_write();
    std::size_t count = 0;
    for (int piece = 0; piece < 10; ++piece) {
      co_await test::pass(on.reactor, 29s);
      auto heard = co_await test::hear(client, 1000);
      count += heard.size();
    }
    CHECK(count == 10'000);
    auto rest = co_await test::hear_to_end(client);
    CHECK(rest == "\n");
  });
  CHECK(stage.observer.causes() == std::vector<std::string>{"eof"});
}
