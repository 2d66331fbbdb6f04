// AsyncLineHandler: answers that come later, in the order of the lines.
#include "reactord/async_line_handler.hpp"

#include <stdexcept>

#include "event/frame_pool.hpp"
#include "support/no_memory.hpp"
#include "support/server_stage.hpp"
#include "support/skip.hpp"

using reactord::Answer;
using reactord::AsyncLineHandler;
using reactord::Conn;
using reactord::Context;
using reactord::Duration;
using reactord::EndCause;
using reactord::Limits;
using reactord::Task;
using test::ServerStage;
using namespace std::chrono_literals;

namespace {

// "N" is answered after N milliseconds. "last" ends the connection, "throw" throws, "wait" waits until nobody hears.
class Sleepy final : public AsyncLineHandler {
 public:
  using AsyncLineHandler::AsyncLineHandler;
  std::size_t running = 0, most = 0, cancelled = 0;

 private:
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    most = std::max(most, ++running);
    if (line == "wait") {
      auto done = co_await context.done();
      ++cancelled;
    } else if (line == "throw") {
      --running;
      throw std::runtime_error("no");
    } else {
      const int milliseconds = line == "last" ? 1 : std::atoi(std::string(line).c_str());
      if (milliseconds > 0) {
        auto slept = co_await context.sleep(std::chrono::milliseconds(milliseconds));
        if (!slept) ++cancelled;
      }
    }
    answer.write("got ", line, "\n");
    if (line == "last") answer.close();
    --running;
  }
};

std::string repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

struct Lines : ServerStage {
  explicit Lines(Limits within = {}, std::size_t in_flight = 64) : ServerStage(within), handler_(in_flight) {}
  Sleepy handler_;
  Conn connect() { return serve(handler_); }
};

// Says all of it, and hears what comes until the server ends the connection or nothing more is expected.
Task<> converse(Lines& on, std::string says, std::string hears, bool finishes) {
  Conn client = on.connect();
  co_await test::say(client, says);
  if (finishes) CHECK(client.close_write().has_value());
  const std::string heard = co_await test::hear_to_end(client);
  CHECK(heard == hears);
}

}  // namespace

TEST_CASE("lines run beside each other, and are answered in their order") {
  Lines on;
  on.run(converse(on, "30\n10\n20\n0\n", "got 30\ngot 10\ngot 20\ngot 0\n", true));
  CHECK(on.elapsed() == 30ms);
  CHECK(on.handler_.most == 4);
  CHECK(on.observer.causes() == std::vector<std::string>{"eof"});
}

TEST_CASE("200 pipelined lines of 50 ms take as long as the bound allows, and no more run at a time") {
  struct Row {
    std::size_t in_flight;
    Duration takes;
  };
  for (const Row& row : {Row{200, 50ms}, Row{64, 200ms}, Row{1, 10s}, Row{0, 10s}}) {
    CAPTURE(row.in_flight);
    Lines on({}, row.in_flight);
    on.run(converse(on, repeated("50\n", 200), repeated("got 50\n", 200), true));
    CHECK(on.elapsed() == row.takes);
    CHECK(on.handler_.most == std::max<std::size_t>(row.in_flight, 1));
  }
}

TEST_CASE("answers that come at once are sent, and their slots are used again") {
  Lines on({}, 4);
  on.run(converse(on, repeated("0\n", 1000), repeated("got 0\n", 1000), true));
  CHECK(on.elapsed() == 0ms);
}

TEST_CASE("a last line without a newline is answered") {
  Lines on;
  on.run(converse(on, "1\n2", "got 1\ngot 2\n", true));
}

TEST_CASE(
    "an answer ends the connection: earlier ones are sent, later lines are cancelled and not answered") {
  Lines on;
  on.run(converse(on, "20\nlast\nwait\n5\n", "got 20\ngot last\n", false));
  CHECK(on.elapsed() == 20ms);
  CHECK(on.handler_.cancelled == 1);
  CHECK(on.observer.causes() == std::vector<std::string>{"finished"});
}

TEST_CASE("an exception ends its connection by error, after the answers to earlier lines") {
  Lines on;
  on.run(converse(on, "20\nthrow\nwait\n", "got 20\n", false));
  CHECK(on.elapsed() == 20ms);
  CHECK(on.observer.causes() == std::vector<std::string>{"error"});
}

TEST_CASE("a line that is too long is refused in its place") {
  Lines on({.max_line = 10});
  on.run(converse(on, "20\n12345678901234\n5\n", "got 20\nERR line too long (max 10)\n", false));
  CHECK(on.observer.causes() == std::vector<std::string>{"line-too-long"});
}

TEST_CASE("the idle timeout does not run while a line is in flight") {
  Lines on({.idle_timeout = 1s});
  on.run(converse(on, "5000\n", "got 5000\n", false));
  CHECK(on.elapsed() >= 6s);
  CHECK(on.elapsed() < 7s);
  CHECK(on.observer.causes() == std::vector<std::string>{"idle"});
}

TEST_CASE("a drain waits for the lines that were received, and its timeout cancels them") {
  for (const Duration timeout : {10s, 1s}) {
    CAPTURE(timeout.count());
    Lines on;
    on.run(
        [](Lines& stage, Duration most) -> Task<> {
          Conn client = stage.connect();
          co_await test::say(client, "2000\n1\n");
          co_await test::pass(stage.reactor, 1ms);
          stage.server.drain(most);
          const std::string heard = co_await test::hear_to_end(client);
          CHECK(heard == (most > 2s ? "got 2000\ngot 1\n" : ""));
        },
        timeout);
    CHECK(on.handler_.running == 0);
    CHECK(on.handler_.cancelled == (timeout > 2s ? 0 : 1));
    CHECK(on.observer.causes() == std::vector<std::string>{timeout > 2s ? "drained" : "killed"});
  }
}

TEST_CASE("a peer that resets, and a reactor that shuts down, cancel what is in flight") {
  Lines on;
  on.run([](Lines& stage) -> Task<> {
    {
      Conn client = stage.connect();
      co_await test::say(client, "wait\n");
      co_await test::pass(stage.reactor, 1ms);
      co_await test::say(client, "lost\n");
      client.abort();  // with bytes that nobody has read: a reset
    }
    co_await test::pass(stage.reactor, 1ms);
    CHECK(stage.handler_.cancelled == 1);
  });
  Lines down;
  down.run([](Lines& stage) -> Task<> {
    Conn client = stage.connect();
    co_await test::say(client, "wait\n50000\n");
    co_await test::pass(stage.reactor, 1ms);
    stage.reactor.shutdown();
    const std::string heard = co_await test::hear_to_end(client);
  });
  CHECK(down.handler_.running == 0);
}

TEST_CASE("a client that does not read its answers holds up its own lines alone") {
  Lines on({.output = {.high = 1000, .low = 100, .hard = 10'000}}, 8);
  on.run([](Lines& stage) -> Task<> {
    Conn stuck = stage.connect(), reads = stage.connect();
    co_await test::say(stuck, repeated("0\n", 2000));
    co_await test::pass(stage.reactor, 1ms);
    co_await test::say(reads, "1\n");
    const std::string heard = co_await test::hear(reads, 6);
    CHECK(heard == "got 1\n");
    const std::string all = co_await test::hear(stuck, 12'000);
    CHECK(all == repeated("got 0\n", 2000));
  });
}

// Says `lines` and hears the answers to them, into memory that is there.
Task<> ask(Conn& client, std::string_view lines, std::size_t answers, std::span<char> room) {
  auto sent = co_await client.write(lines);
  CHECK(sent.has_value());
  std::size_t heard = 0;
  while (heard < answers) {
    auto read = co_await client.read(room);
    REQUIRE(read.has_value());
    heard += *read;
  }
  CHECK(heard == answers);
}

TEST_CASE("a line allocates nothing in steady state, whether it is answered at once or later") {
  if (!reactord::FramePool::keeps_frames) return test::skip("under AddressSanitizer no frame is kept");
  Lines on;
  static constexpr auto talk = [](Lines& stage) -> Task<> {
    constexpr int pipelined = 10;
    const std::string lines = repeated("0\n3\n", pipelined);
    const std::size_t answers = repeated("got 0\ngot 3\n", pipelined).size();
    std::string room(4096, '\0');
    Conn client = stage.connect();
    for (int round = 0; round < 20; ++round) co_await ask(client, lines, answers, room);
    test::NoMemory refuse(0, test::NoMemory::all);
    for (int round = 0; round < 20; ++round) co_await ask(client, lines, answers, room);
    refuse.end();
    CHECK(refuse.refused() == 0);
  };
  on.run(talk(on));
}
