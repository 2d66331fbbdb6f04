// Processes of connections: their turn, their number, and how each of them ends. Times are on a virtual clock where they
// are long.
#include <sys/types.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "support/process_stage.hpp"

using reactord::Conn;
using reactord::EndCause;
using reactord::Task;
using test::ProcessStage;
using test::settings_of;
using namespace std::chrono_literals;

namespace {

using Events = std::vector<std::string>;

reactord::ProgramSettings shell(const std::string& script) { return settings_of({"sh", "-c", script}); }

// Until `is_so` of the stage: time does not move meanwhile.
template <typename Condition>
Task<> until(ProcessStage& on, Condition is_so) {
  while (!is_so(on)) co_await on.reactor.next_turn();
}

// The time of a loop that is not idle stands still.
Task<> keep_busy(ProcessStage& on, const bool& enough) {
  while (!enough) co_await on.reactor.next_turn();
}

Task<std::string> hear_now(ProcessStage& on, Conn& conn, std::size_t count) {
  bool enough = false;
  on.reactor.spawn(keep_busy(on, enough));
  std::string heard = co_await test::hear(conn, count);
  enough = true;
  co_await on.reactor.next_turn();
  co_await on.reactor.next_turn();
  co_return heard;
}

bool has_ended(const ProcessStage& on) { return on.processes.processes() == 0; }

constexpr const char* stubborn = "trap '' TERM; echo ready; while :; do sleep 1; done";

// A client over TCP that has heard "ready".
struct ReadyPeer {
  static Task<test::Peer> connect(ProcessStage& on) {
    auto address = on.server.listen("127.0.0.1:0", on.handler, "upper");
    REQUIRE(address.has_value());
    auto peer = test::Peer::connect(*address);
    auto line = co_await test::read_line(on.reactor, peer);
    CHECK(line == "ready\n");
    co_return std::move(peer);
  }
};

}  // namespace

TEST_CASE("a program that ignores SIGTERM is killed, with its group") {
  reactord::VirtualClock clock;
  ProcessStage stage(shell(stubborn), clock);
  stage.run([](ProcessStage& on) -> Task<> {
    auto peer = co_await ReadyPeer::connect(on);
    const auto reset_at = on.reactor.now();
    peer.reset();
    co_await until(on, [](ProcessStage& now) { return now.server.open_connections() == 0; });
    CHECK(on.reactor.now() == reset_at);  // the connection is over before the process is
    CHECK(on.processes.processes() == 1);
    auto slept = co_await on.reactor.sleep(reactord::program_grace + reactord::program_term_grace - 10ms);
    CHECK(slept.has_value());
    CHECK(on.processes.processes() == 1);
    slept = co_await on.reactor.sleep(20ms);
    CHECK(slept.has_value());
    co_await until(on, has_ended);
    on.server.drain(1s);
  });
  CHECK(stage.programs.events ==
        Events{"started 0", "ended: signal: killed, it did not end with its connection"});
  CHECK(stage.server.ended(EndCause::reset) == 1);
}

TEST_CASE("a program that ends with its standard input is not signalled when its client vanishes") {
  ProcessStage stage(shell("echo ready; cat >/dev/null; exit 7"));
  stage.run([](ProcessStage& on) -> Task<> {
    auto peer = co_await ReadyPeer::connect(on);
    peer.reset();
    co_await until(on, has_ended);
    on.server.drain(1s);
  });
  CHECK(stage.programs.events == Events{"started 0", "ended: exit status 7"});
}

TEST_CASE("SIGTERM ends a program that its standard input does not") {
  reactord::VirtualClock clock;
  ProcessStage stage(shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"), clock);
  stage.run([](ProcessStage& on) -> Task<> {
    auto peer = co_await ReadyPeer::connect(on);
    peer.reset();
    co_await until(on, [](ProcessStage& now) { return now.server.open_connections() == 0; });
    auto slept = co_await on.reactor.sleep(reactord::program_grace + 10ms);
    CHECK(slept.has_value());
    co_await until(on, has_ended);
    on.server.drain(1s);
  });
  CHECK(stage.programs.events.back() == "ended: exit status 9, it did not end with its connection");
}

TEST_CASE("so many processes at once: the next connection waits, in order, unread") {
  auto settings = shell("echo $REACTORD_CONNECTION; cat");
  settings.processes = 2;
  ProcessStage stage(settings);
  stage.run([](ProcessStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int client = 0; client < 4; ++client) {
      clients.push_back(on.connect());
      co_await test::say(clients.back(), "x");
    }
    std::string heard = co_await test::hear(clients[0], 3);
    CHECK(heard == "1\nx");
    heard = co_await test::hear(clients[1], 3);
    CHECK(heard == "2\nx");
    CHECK(on.processes.processes() == 2);
    CHECK(on.processes.connections() == 4);
    CHECK(clients[1].close_write().has_value());
    heard = co_await test::hear_to_end(clients[1]);
    heard = co_await test::hear(clients[2], 3);
    CHECK(heard == "3\nx");
    CHECK(on.processes.processes() == 2);
    CHECK(on.programs.pids.size() == 3);
    CHECK(clients[0].close_write().has_value());
    heard = co_await test::hear(clients[3], 3);
    CHECK(heard == "4\nx");
    clients.clear();
  });
  CHECK(stage.programs.pids.size() == 4);
}

TEST_CASE("of many processes none is left") {
  auto settings = settings_of({"cat"});
  settings.starts = 10'000;
  settings.processes = 30;
  ProcessStage stage(settings);
  stage.run([](ProcessStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int client = 0; client < 60; ++client) {
      clients.push_back(on.connect());
      co_await test::say(clients.back(), "hello");
      CHECK(clients.back().close_write().has_value());
    }
    for (Conn& client : clients) {
      const std::string heard = co_await test::hear_to_end(client);
      CHECK(heard == "hello");
      CHECK(on.processes.processes() <= 30);
    }
  });
  CHECK(stage.programs.pids.size() == 60);
  for (const pid_t pid : stage.programs.pids) CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("a shutdown amid the service leaves nothing behind") {
  auto settings = shell(stubborn);
  settings.processes = 1;
  ProcessStage stage(settings);
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    Conn waiting = on.connect();
    const std::string heard = co_await test::hear(client, 6);
    CHECK(heard == "ready\n");
    on.reactor.shutdown();
  });
  CHECK(stage.programs.events == Events{"started 0", "ended: signal: killed"});
}

TEST_CASE("more places are used at once, and a drain ends those that wait unserved") {
  auto settings = settings_of({"cat"});
  settings.processes = 1;
  ProcessStage stage(settings);
  stage.run([](ProcessStage& on) -> Task<> {
    Conn first = on.connect();
    Conn second = on.connect();
    Conn third = on.connect();
    co_await until(on, [](ProcessStage& now) { return now.processes.processes() == 1; });
    auto more = settings_of({"cat"});
    more.processes = 2;
    on.processes.change(more);
    co_await test::say(second, "hello");
    std::string heard = co_await test::hear(second, 5);
    CHECK(heard == "hello");
    CHECK(on.processes.connections() == 3);

    co_await test::say(first, "all of this");
    on.server.drain(5s);
    heard = co_await test::hear_to_end(third);
    CHECK(heard.empty());
    heard = co_await test::hear_to_end(first);
    CHECK(heard == "all of this");
    heard = co_await test::hear_to_end(second);
    CHECK(heard.empty());
  });
  CHECK(stage.programs.pids.size() == 2);
  CHECK(stage.server.ended(EndCause::drained) == 3);
}

TEST_CASE("so many starts a second, a few at once") {
  auto settings = settings_of({"true"});
  settings.starts = 50;
  reactord::VirtualClock clock;
  ProcessStage stage(settings, clock);
  stage.run([](ProcessStage& on) -> Task<> {
    const auto began = on.reactor.now();
    std::vector<Conn> clients;
    for (int client = 0; client < 9; ++client) clients.push_back(on.connect());
    co_await until(on, [](ProcessStage& now) { return now.programs.pids.size() == 4; });
    CHECK(on.reactor.now() == began);
    auto slept = co_await on.reactor.sleep(50ms);
    CHECK(slept.has_value());
    CHECK(on.programs.pids.size() == 6);
    slept = co_await on.reactor.sleep(60ms);
    CHECK(slept.has_value());
    CHECK(on.programs.pids.size() == 9);
    for (Conn& client : clients) {
      const std::string heard = co_await test::hear_to_end(client);
      CHECK(heard.empty());
    }
  });
}

TEST_CASE("stop closes standard input, delivers the output that is left, and starts nothing any more") {
  auto settings = shell("echo ready; cat; echo bye");
  settings.processes = 1;
  ProcessStage stage(settings);
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    Conn waiting = on.connect();
    std::string heard = co_await test::hear(client, 6);
    CHECK(heard == "ready\n");
    Task<> stopping = on.processes.stop();
    co_await std::move(stopping);
    CHECK(on.processes.processes() == 0);
    heard = co_await test::hear_to_end(client);
    CHECK(heard == "bye\n");
    heard = co_await test::hear_to_end(waiting);
    CHECK(heard.empty());
  });
  CHECK(stage.programs.pids.size() == 1);
}

TEST_CASE("stop kills what does not end by itself") {
  reactord::VirtualClock clock;
  ProcessStage stage(shell(stubborn), clock);
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    std::string heard = co_await hear_now(on, client, 6);
    CHECK(heard == "ready\n");
    Task<> stopping = on.processes.stop();
    co_await std::move(stopping);
    heard = co_await test::hear_to_end(client);
    CHECK(heard.empty());
  });
  CHECK(stage.programs.events ==
        Events{"started 0", "ended: signal: killed, it did not end with its connection"});
}

TEST_CASE("a program that writes nothing is told once, with the cure for its kind") {
  SUBCASE("at its end") {
    ProcessStage stage(settings_of({"grep", "-q", "never"}));
    stage.run([](ProcessStage& on) -> Task<> {
      for (int client = 0; client < 2; ++client) {
        Conn conn = on.connect();
        co_await test::say(conn, "line\n");
        CHECK(conn.close_write().has_value());
        const std::string heard = co_await test::hear_to_end(conn);
        CHECK(heard.empty());
        co_await until(on, has_ended);
      }
    });
    CHECK(stage.programs.events == Events{"started 0", "silent: use grep --line-buffered",
                                          "ended: exit status 1", "started 0", "ended: exit status 1"});
  }
  SUBCASE("after some time") {
    reactord::VirtualClock clock;
    ProcessStage stage(settings_of({"sed", "p"}), clock);
    stage.run([](ProcessStage& on) -> Task<> {
      Conn conn = on.connect();
      co_await test::say(conn, "line\n");
      auto slept = co_await on.reactor.sleep(4s);
      CHECK(slept.has_value());
      CHECK(on.programs.events == Events{"started 0"});
      slept = co_await on.reactor.sleep(2s);
      CHECK(slept.has_value());
      CHECK(on.programs.has("silent: use sed -u"));
      conn.abort();
      co_await until(on, has_ended);
    });
    CHECK(std::ranges::count(stage.programs.events, "silent: use sed -u") == 1);
  }
}

TEST_CASE("a client that has ended its side is idle all the same, and its place is free again") {
  reactord::VirtualClock clock;
  ProcessStage stage(shell("echo ready; while :; do sleep 1; done"), clock);
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    const std::string heard = co_await hear_now(on, client, 6);
    CHECK(heard == "ready\n");
    CHECK(client.close_write().has_value());
    auto slept = co_await on.reactor.sleep(61s);
    CHECK(slept.has_value());
    co_await until(on, [](ProcessStage& now) { return now.server.open_connections() == 0; });
    slept = co_await on.reactor.sleep(reactord::program_grace + 10ms);
    CHECK(slept.has_value());
    co_await until(on, has_ended);
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::idle) == 1);
}
