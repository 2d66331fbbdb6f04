// What new limits do to the times of those who are connected: they hold at once, from since when it has been so.
#include "support/server_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::Duration;
using reactord::Limits;
using reactord::StreamHandler;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

// A byte each second, and nothing complete, until the connection ends.
Task<> trickle(ServerStage& on, Conn& client, Duration most) {
  const auto until = on.elapsed() + most;
  while (on.server.open_connections() > 0 && on.elapsed() < until) {
    auto sent = co_await client.write("x");
    if (!sent) break;
    co_await test::pass(on.reactor, 1s);
  }
}

class Silent final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::array<char, 64> room{};
    while (true) {
      auto read = co_await conn.read(room);
      if (!read) co_return;
    }
  }
};

struct Reload {
  Limits before, after;
  Duration least, most;  // when the trickling client, who began at zero, ends; the reload is at 30 s
  const char* cause;
};

Task<> trickle_through(ServerStage& on, Limits after) {
  auto client = on.client();
  co_await trickle(on, client, 30s);
  on.server.set_limits(after);
  co_await trickle(on, client, 4000s);
}

}  // namespace

TEST_CASE("a reload does not make a trickling client immortal") {
  const Limits standing{.line_timeout = 0s};
  const Reload reloads[] = {
      {standing, {.line_timeout = 0s, .max_line = 4096}, 60s, 62s, "idle"},
      {standing, {.idle_timeout = 61s, .line_timeout = 0s}, 61s, 63s, "idle"},
      {standing, {.idle_timeout = 300s, .line_timeout = 0s}, 300s, 302s, "idle"},
      {standing, {.idle_timeout = 10s, .line_timeout = 0s}, 30s, 32s, "idle"},
      {{.line_timeout = 40s}, standing, 60s, 62s, "idle"},
      {{.idle_timeout = 0s, .line_timeout = 0s}, standing, 60s, 62s, "idle"},
      {{.idle_timeout = 0s, .line_timeout = 0s}, {}, 30s, 32s, "slow-line"},
  };
  for (const Reload& reload : reloads) {
    CAPTURE(&reload - reloads);
    ServerStage stage(reload.before);
    stage.run(trickle_through(stage, reload.after));
    CHECK(stage.observer.causes() == std::vector<std::string>{reload.cause});
    CHECK(stage.elapsed() >= reload.least);
    CHECK(stage.elapsed() <= reload.most);
  }
}

TEST_CASE("reloads that change no time give nobody more of it") {
  ServerStage stage(Limits{.line_timeout = 0s});
  stage.run([](ServerStage& on) -> Task<> {
    auto client = on.client();
    for (int reload = 0; reload < 100 && on.server.open_connections() > 0; ++reload) {
      co_await trickle(on, client, 30s);
      on.server.set_limits(Limits{.line_timeout = 0s, .max_line = 1000});
    }
  });
  CHECK(stage.elapsed() <= 62s);
}

TEST_CASE(
    "an idle timeout that comes to be ends at once whoever has been silent for longer, and the others in "
    "their time") {
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    Silent silent;
    ServerStage stage(Limits{.idle_timeout = 0s});
    stage.run(
        [](ServerStage& on, Silent* by) -> Task<> {
          auto long_silent = by != nullptr ? on.serve(*by) : on.client();
          auto client = by != nullptr ? on.serve(*by) : on.client();
          co_await test::pass(on.reactor, 100s);
          co_await test::say(client, "x\n");
          if (by == nullptr) auto heard = co_await test::hear(client, 6);
          co_await test::pass(on.reactor, 30s);
          on.server.set_limits({});
          co_await test::pass(on.reactor, 1s);
          CHECK(on.server.open_connections() == 1);
          co_await test::pass(on.reactor, 28s);
          CHECK(on.server.open_connections() == 1);
          co_await test::pass(on.reactor, 2s);
          CHECK(on.server.open_connections() == 0);
          long_silent.abort();
          client.abort();
        },
        stream ? &silent : nullptr);
    CHECK(stage.observer.causes() == std::vector<std::string>{"idle", "idle"});
  }
}

TEST_CASE("a lifetime that comes to be holds for those who are connected, a stream too") {
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    Silent silent;
    ServerStage stage;
    stage.run(
        [](ServerStage& on, Silent* by) -> Task<> {
          auto old = by != nullptr ? on.serve(*by) : on.client();
          co_await test::pass(on.reactor, 30s);
          auto young = by != nullptr ? on.serve(*by) : on.client();
          co_await test::pass(on.reactor, 1s);
          on.server.set_limits(Limits{.lifetime = 20s});
          co_await test::pass(on.reactor, 1s);
          CHECK(on.server.open_connections() == 1);
          co_await test::pass(on.reactor, 15s);
          CHECK(on.server.open_connections() == 1);
          co_await test::pass(on.reactor, 4s);
          CHECK(on.server.open_connections() == 0);
          old.abort();
          young.abort();
        },
        stream ? &silent : nullptr);
    CHECK(stage.observer.causes() == std::vector<std::string>{"lifetime", "lifetime"});
  }
}

TEST_CASE("a lower max_buffers holds at once, not only for what comes") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int client = 0; client < 64; ++client) {
      clients.push_back(on.client());
      co_await test::say(clients.back(), std::string(40 * 1024, 'x'));
      co_await test::pass(on.reactor, 1ms);
    }
    on.server.set_limits(Limits{.max_buffers = 1024 * 1024});
    co_await on.reactor.next_turn();
    co_await on.reactor.next_turn();
    CHECK(on.reactor.buffers().bytes_in_use() <= 1024 * 1024);
    for (Conn& client : clients) client.abort();
  });
}

TEST_CASE(
    "thousands of clients that new limits end do not end in one turn, but all within a tenth of a second") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int count = 0; count < 4'000; ++count) clients.push_back(on.client());
    co_await test::pass(on.reactor, 30s);
    on.server.set_limits(Limits{.idle_timeout = 20s});
    std::size_t before = on.server.open_connections(), most_at_once = 0;
    const auto began = on.elapsed();
    while (before > 0) {
      co_await test::pass(on.reactor, 1ms);
      const std::size_t open = on.server.open_connections();
      most_at_once = std::max(most_at_once, before - open);
      before = open;
    }
    CHECK(most_at_once < 400);
    CHECK(on.elapsed() - began <= 200ms);
    for (Conn& client : clients) client.abort();
  });
}

TEST_CASE("new limits are told to all, however many there are and however often they change meanwhile") {
  ServerStage stage;
  stage.run([](ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int count = 0; count < 5'000; ++count) clients.push_back(on.client());
    co_await test::pass(on.reactor, 30s);
    for (int change = 0; change < 200; ++change) {
      on.server.set_limits(Limits{.idle_timeout = 1000s + std::chrono::seconds(change)});
      if (change % 3 == 0) co_await on.reactor.next_turn();
    }
    on.server.set_limits(Limits{.idle_timeout = 40s});
    co_await test::pass(on.reactor, 9s);
    CHECK(on.server.open_connections() == 5'000);
    co_await test::pass(on.reactor, 2s);
    CHECK(on.server.open_connections() == 0);
    for (Conn& client : clients) client.abort();
  });
}
