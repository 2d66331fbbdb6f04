// BufferedReader on a connection that a Server serves: the server's limits, and eviction.
#include "reactord/buffered_reader.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "reactord/line_reader.hpp"
#include "support/server_stage.hpp"

using reactord::Buffer;
using reactord::BufferedReader;
using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::ErrorCode;
using reactord::Limits;
using reactord::LineReader;
using reactord::LineSplitter;
using reactord::LongLine;
using reactord::Reactor;
using reactord::StreamHandler;
using reactord::Task;
using reactord::Time;
using test::ServerStage;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

// A line that says how many bytes follow it, and "ok" for them.
class Sized final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    BufferedReader reader(conn);
    while (true) {
      auto line = co_await reader.read_line();
      if (!line) co_return;
      const std::size_t count = std::stoul(std::string(*line));
      auto bytes = co_await reader.read_exactly(count);
      if (!bytes) co_return;
      auto sent = co_await conn.write("ok ", *bytes, "\n");
      if (!sent) co_return;
    }
  }
};

// Answers all lines that have come at once, and counts its awaits.
class Gatherer final : public StreamHandler {
 public:
  int awaits = 0;

 private:
  Task<> serve(Conn& conn, Context&) override {
    LineReader reader(conn);
    while (true) {
      ++awaits;
      auto line = co_await reader.read_line();
      if (!line) co_return;
      std::string answers;
      for (auto next = std::optional(*line); next; next = reader.next_line()) {
        answers.append("[").append(*next).append("]");
      }
      auto sent = co_await conn.write(answers);
      if (!sent) co_return;
    }
  }
};

// Looks at three bytes, writes what the client does not read for long, and looks at them again.
class Looker final : public StreamHandler {
 public:
  bool was_intact = false;

 private:
  Task<> serve(Conn& conn, Context&) override {
    BufferedReader reader(conn);
    auto head = co_await reader.peek(3);
    if (!head) co_return;
    const std::string much(40'000, 'm');
    auto sent = co_await conn.write(much);
    CHECK(sent.has_value());
    auto waits = co_await conn.flush();
    CHECK_FALSE(waits.has_value());
    const std::string overwritten(64 * 1024, 'x');
    Buffer others[4];  // they take the storage that was given back
    for (Buffer& other : others) other.append(conn.reactor().buffers(), overwritten);
    was_intact = *head == "abc";
  }
};

}  // namespace

TEST_CASE("a server's line limits hold for lines, and not for the bytes between them") {
  Limits limits;
  limits.max_line = 16;
  limits.line_timeout = 2s;
  limits.idle_timeout = 10s;
  Sized handler;
  ServerStage stage(limits);
  static constexpr auto body = [](ServerStage& on, Sized& by) -> Task<> {
    auto client = on.serve(by);
    co_await test::say(client, "20\n");
    co_await test::pass(on.reactor, 5s);  // longer than a line may take
    co_await test::say(client, "twenty bytes, no mor");
    auto answer = co_await test::hear(client, 24);
    CHECK(answer == "ok twenty bytes, no mor\n");
    co_await test::say(client, "1");
    auto end = co_await test::hear_to_end(client);
    CHECK(end.empty());
    CHECK(on.observer.causes() == std::vector<std::string>{"slow-line"});
    auto other = on.serve(by);
    co_await test::say(other, "4\nabcd12345678901234567\n");
    auto last = co_await test::hear_to_end(other);
    CHECK(last == "ok abcd\nERR line too long (max 16)\n");
    client.abort();
    other.abort();
  };
  stage.run(body(stage, handler));
}

TEST_CASE("what peek has given stays when its connection is evicted, until its handler has returned") {
  Limits limits;
  limits.max_buffers = 16 * 1024;
  Looker handler;
  ServerStage stage(limits);
  static constexpr auto body = [](ServerStage& on, Looker& by) -> Task<> {
    auto client = on.serve(by);
    co_await test::say(client, "abc");
    co_await test::pass(on.reactor, 1s);
    CHECK(on.server.ended(EndCause::over_limit) == 1);
    client.abort();
  };
  stage.run(body(stage, handler));
  CHECK(handler.was_intact);
}

TEST_CASE("next_line leaves lines that are too long to read_line, which cuts them or leaves them out") {
  static constexpr std::string_view said = "a\nb\n1234567890123456 and more\nc\nd\n";
  struct Row {
    LongLine then;
    std::string_view heard;
    int awaits;
  };
  const Row table[] = {
      {LongLine::truncate, "[a][b][123456789012345][c][d]", 4},
      {LongLine::discard, "[a][b]ERR line too long (max 16)\n[c][d]", 3},
  };
  for (const Row& row : table) {
    Limits limits;
    limits.max_line = 16;
    limits.long_lines = row.then;
    Gatherer handler;
    ServerStage stage(limits);
    static constexpr auto body = [](ServerStage& on, Gatherer& by, std::string_view expected) -> Task<> {
      auto client = on.serve(by);
      co_await test::say(client, said);
      CHECK(client.close_write().has_value());
      auto heard = co_await test::hear_to_end(client);
      CHECK(heard == expected);
    };
    stage.run(body(stage, handler, row.heard));
    CHECK(handler.awaits == row.awaits);
  }
}
