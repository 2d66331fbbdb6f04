// Programs of which a process serves one connection: what the client and the program hear of each other.
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

Task<> say_and_finish(Conn& conn, std::string_view bytes) {
  co_await test::say(conn, bytes);
  CHECK(conn.close_write().has_value());
}

}  // namespace

TEST_CASE("a process serves its connection, and the client's end is its end") {
  ProcessStage stage(settings_of({"cat"}));
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    Conn other = on.connect();
    co_await test::say(client, "one\n");
    std::string heard = co_await test::hear(client, 4);
    CHECK(heard == "one\n");
    co_await say_and_finish(other, "two");
    heard = co_await test::hear_to_end(other);
    CHECK(heard == "two");
    co_await say_and_finish(client, "three");
    heard = co_await test::hear_to_end(client);
    CHECK(heard == "three");
  });
  CHECK(stage.programs.events ==
        Events{"started 0", "started 0", "ended: exit status 0", "ended: exit status 0"});
  CHECK(stage.server.ended(EndCause::eof) == 2);
}

TEST_CASE("over TCP a process knows the two ends") {
  ProcessStage stage(shell("echo $PROTO $TCPREMOTEIP $REMOTE_PORT $TCPLOCALPORT $REACTORD_CONNECTION; cat"));
  stage.run([](ProcessStage& on) -> Task<> {
    auto address = on.server.listen("127.0.0.1:0", on.handler, "upper");
    REQUIRE(address.has_value());
    auto peer = test::Peer::connect(*address);
    const std::string ours = std::to_string(peer.local_addr().port());
    auto line = co_await test::read_line(on.reactor, peer);
    CHECK(line == "TCP 127.0.0.1 " + ours + " " + std::to_string(address->port()) + " 1\n");
    peer.send("hello");
    peer.finish();
    auto rest = co_await test::read_to_end(on.reactor, peer);
    CHECK(rest == "hello");
    CHECK(peer.error() == 0);
    on.server.drain(1s);
  });
}

TEST_CASE("output goes on after the client's half of the stream has ended") {
  ProcessStage stage(shell("wc -c; echo bye"));
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    co_await say_and_finish(client, "12345");
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "5\nbye\n");
  });
  CHECK(stage.server.ended(EndCause::eof) == 1);
}

TEST_CASE("a program that ends first ends the connection in order, with all that it has written") {
  ProcessStage stage(shell("read line; echo \"$line\"; head -c 300000 /dev/zero; echo oops >&2; exit 3"));
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "hello\nunread");
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "hello\n" + std::string(300'000, '\0'));
  });
  CHECK(stage.programs.events == Events{"started 0", "said: oops", "ended: exit status 3"});
  CHECK(stage.server.ended(EndCause::finished) == 1);
}

TEST_CASE("a program that reads no more goes on writing") {
  ProcessStage stage(shell("exec <&-; sleep 0.2; echo still here"));
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    auto slept = co_await on.reactor.sleep(100ms);
    CHECK(slept.has_value());
    co_await test::say(client, "nobody reads this");
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "still here\n");
  });
}

namespace {

Task<> pour(Conn& conn, const std::string& bytes) {
  co_await test::say(conn, bytes);
  CHECK(conn.close_write().has_value());
}

}  // namespace

TEST_CASE("ten megabytes go both ways at the pace of a slow reader") {
  ProcessStage stage(settings_of({"cat"}));
  stage.run([](ProcessStage& on) -> Task<> {
    std::string bytes(10'000'000, '\0');
    for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<char>(at * 7 % 251);
    Conn client = on.connect();
    on.reactor.spawn(pour(client, bytes));
    std::string heard = co_await test::hear(client, 1000);
    for (int pause = 0; pause < 20; ++pause) {
      auto slept = co_await on.reactor.sleep(5ms);
      CHECK(slept.has_value());
    }
    CHECK(client.bytes_written() < 1'000'000);  // what lies in pipes and buffers
    const std::string rest = co_await test::hear_to_end(client);
    CHECK(heard + rest == bytes);
  });
}

TEST_CASE("what a program leaves behind does not hold the connection open") {
  SUBCASE("in its group: it is killed") {
    ProcessStage stage(shell("sleep 1000 & echo hello"));
    stage.run([](ProcessStage& on) -> Task<> {
      Conn client = on.connect();
      const std::string heard = co_await test::hear_to_end(client);
      CHECK(heard == "hello\n");
    });
  }
  SUBCASE("out of its group: its output counts no more") {
    ProcessStage stage(shell("setsid sleep 2 & sleep 0.1; echo hello"));
    stage.run([](ProcessStage& on) -> Task<> {
      Conn client = on.connect();
      const std::string heard = co_await test::hear_to_end(client);
      CHECK(heard == "hello\n");
    });
  }
}

TEST_CASE("a process that left the group and writes for ever holds nothing open") {
  ProcessStage stage(shell("setsid yes & exec sleep 0.05"));
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    const std::string heard = co_await test::hear_to_end(client);
    CHECK((heard.empty() || heard.starts_with("y\ny\n")));
  });
}

TEST_CASE("a program that can't be started is told to the client and to the observer") {
  ProcessStage stage(settings_of({"/nonexistent/upper"}));
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "ERR cannot start upper\n");
  });
  CHECK(stage.programs.events == Events{"not started: exec /nonexistent/upper: no such file or directory"});
  CHECK(stage.server.ended(EndCause::error) == 1);
}

TEST_CASE("a program that buffers writes each line to a terminal") {
  auto settings = settings_of({"tr", "a-z", "A-Z"});
  settings.terminal = true;
  ProcessStage stage(settings);
  stage.run([](ProcessStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "hello\n");
    std::string heard = co_await test::hear(client, 6);
    CHECK(heard == "HELLO\n");
    co_await say_and_finish(client, std::string(10'000, 'x') + "bye");
    heard = co_await test::hear_to_end(client);
    CHECK(heard == std::string(10'000, 'X') + "BYE");
  });
  CHECK(stage.programs.events == Events{"started 0", "ended: exit status 0"});
}
