// trace at the control socket: what it shows of a connection, what ends it, and that the connection takes no notice.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/control_limits.hpp"
#include "daemon/traced_line.hpp"
#include "reactord/async_line_handler.hpp"
#include "reactord/line_connection.hpp"
#include "support/follow_stage.hpp"

using namespace reactord;
using namespace std::chrono_literals;
using test::ask;
using test::FollowStage;
using test::without_times;

namespace {

// A handler of each kind: all answer "yes " and the line.
class Plain final : public LineHandler {
  void on_line(std::string_view line, Reply& reply) override { reply.write("yes ", line, "\n"); }
};
class Stateful final : public LineConnection {
  void on_line(std::string_view line, Reply& reply) override { reply.write("yes ", line, "\n"); }
};
class Later final : public AsyncLineHandler {
  Task<> on_line(std::string_view line, Answer& answer, Context& context) override {
    const std::string kept(line);
    auto slept = co_await context.sleep(5ms);
    CHECK(slept.has_value());
    answer.write("yes ", kept, "\n");
  }
};
class Streaming final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn);
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) co_return;
      auto sent = co_await conn.write("yes ", *line, "\n");
      CHECK(sent.has_value());
    }
  }
};

}  // namespace

TEST_CASE("trace shows what a connection says and hears, and how it ends") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    co_await test::say(client, "before\nhel");
    auto before = co_await test::hear(client, 11);
    auto text = co_await on.begin("trace 1");
    auto json = co_await on.begin("trace 1 --json");
    co_await test::say(client, "lo\nodd \x1b[2J\xff\tend\r\n");
    auto answers = co_await test::hear(client, 10 + 18);
    CHECK(answers.size() == 28);
    auto first = co_await on.heard(text);
    CHECK(first ==
          "00:00:00.000 > lo\n"
          "00:00:00.000 > odd \\u001b[2J\\xff\\tend\\r\n"
          "00:00:00.000 < got hello\n"
          "00:00:00.000 < got odd \\u001b[2J\\xff\\tend\n");
    auto closed = client.close();
    auto end = co_await on.heard(text);
    CHECK(end == "00:00:00.000 ended: eof\nOK\n");
    auto objects = co_await on.heard(json);
    const std::string time = "{\"time\":\"2000-00-00T00:00:00.000Z\",";
    CHECK(objects == time + "\"from\":\"client\",\"line\":\"lo\"}\n" + time +
                         "\"from\":\"client\",\"line\":\"odd \\u001b[2J\\\\xff\\tend\\r\"}\n" + time +
                         "\"from\":\"server\",\"line\":\"got hello\"}\n" + time +
                         "\"from\":\"server\",\"line\":\"got odd \\u001b[2J\\\\xff\\tend\"}\n" + time +
                         "\"ended\":\"eof\"}\nOK\n");
  });
}

TEST_CASE("a line that has no end yet is shown after a second, and its rest behind it") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    auto conn = co_await on.begin("trace 1");
    co_await test::say(client, "half a li");
    co_await test::pass(on.reactor, 900ms);
    auto nothing = co_await on.heard(conn);
    CHECK(nothing.empty());
    co_await test::pass(on.reactor, 200ms);
    auto piece = co_await on.heard(conn);
    CHECK(piece == "00:00:00.000 >+ half a li\n");
    co_await test::say(client, "ne\n" + std::string(3000, 'x'));
    auto answer = co_await test::hear(client, 16);
    auto rest = co_await on.heard(conn);
    CHECK(rest == "00:00:00.000 > ne\n00:00:00.000 < got half a line\n");
    auto closed = client.close();
    auto end = co_await on.heard(conn);
    const std::string most(TracedLine::longest, 'x');
    CHECK(end == "00:00:00.000 >+ " + most + " ... (1976 bytes more)\n00:00:00.000 ended: reset\nOK\n");
  });
}

TEST_CASE("trace ends after as many lines as are asked for, or by anything that is sent") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    auto three = co_await on.begin("trace 1 3");
    auto stopped = co_await on.begin("trace 1");
    co_await test::say(stopped, "\n");
    auto nothing = co_await on.heard(stopped);
    CHECK(nothing == "OK\n");
    CHECK(on.host.traces().available() == control_traces - 1);
    co_await test::say(client, "a\nb\nc\nd\n");
    auto heard = co_await on.heard(three);
    CHECK(heard == "00:00:00.000 > a\n00:00:00.000 > b\n00:00:00.000 > c\nOK\n");
    CHECK(on.host.traces().available() == control_traces);
    auto answers = co_await test::hear(client, 24);
    CHECK(answers == "got a\ngot b\ngot c\ngot d\n");
  });
}

TEST_CASE("what trace can't do is said, with what would be right") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    auto conn = on.connect();
    const std::string usage =
        "ERR trace takes a number of the column id, and the lines after which it ends, as in: trace 7 20\n";
    for (const char* wrong :
         {"trace", "trace x", "trace 1x", "trace -1", "trace 1 2 3", "trace 99999999999999999999"}) {
      auto answer = co_await ask(conn, wrong);
      CHECK(answer == usage);
    }
    auto lines = co_await ask(conn, "trace 1 0");
    CHECK(lines == "ERR 0: write a number of lines from 1 to 1000000000\n");
    auto missing = co_await ask(conn, "trace 2");
    CHECK(missing == "ERR there is no connection 2: connections lists all\n");
    std::vector<Conn> traces;
    for (std::size_t count = 0; count < control_traces; ++count) {
      auto trace = co_await on.begin("trace 1");
      traces.push_back(std::move(trace));
    }
    auto full = co_await ask(conn, "trace 1");
    CHECK(full == "ERR 8 connections are traced already: end one of these traces first\n");
    traces.pop_back();
    co_await on.settle();
    auto room = co_await ask(conn, "trace 2");
    CHECK(room == missing);
  });
}

TEST_CASE("the log says who traces, at every level, and nothing of the bytes") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    on.log().set_level(LogLevel::error);
    auto client = on.client();
    auto events = co_await on.begin("events");
    auto trace = co_await on.begin("trace 1");
    co_await test::say(client, "secret\n");
    auto closed = client.close();
    auto shown = co_await on.heard(trace);
    CHECK(shown.find("secret") != shown.npos);
    auto logged = co_await on.heard(events);
    CHECK(logged == "time=2000-00-00T00:00:00.000Z level=info event=trace id=1 protocol=line peer=pipe\n");
  });
}

TEST_CASE("a traced connection that floods is not held up, and what is left out is counted") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    auto conn = co_await on.begin("trace 1");
    for (int line = 0; line < 10'000; ++line) {
      const std::string text = "line " + std::to_string(10'000 + line) + '\n';
      co_await test::say(client, text);
      auto heard = co_await test::hear(client, text.size() + 4);
      REQUIRE(heard == "got " + text);
    }
    CHECK(on.reactor.buffers().bytes_in_use() < 1024 * 1024);
    auto closed = client.close();
    auto trace = co_await test::hear_to_end(conn);
    CHECK(trace.find(" lines left out\n") != trace.npos);
    CHECK(trace.ends_with(" ended: eof\nOK\n"));
    CHECK(trace.size() < 1024 * 1024);
  });
}

TEST_CASE("a traced connection that is killed says so, and a trace that ends leaves output that waits") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    std::string asked;
    for (int times = 0; times < 40; ++times) asked += "big\n";
    auto trace = co_await on.begin("trace 1");
    co_await test::say(client, asked);
    co_await on.settle();
    trace.abort();
    co_await on.settle();
    auto heard = co_await test::hear(client, 40 * 10'001);
    CHECK(heard == [] {
      std::string all;
      for (int times = 0; times < 40; ++times) (all += std::string(10'000, 'B')) += '\n';
      return all;
    }());
    auto again = co_await on.begin("trace 1");
    auto killer = on.connect();
    auto killed = co_await ask(killer, "kill 1");
    CHECK(killed == "killed 1\nOK\n");
    auto end = co_await on.heard(again);
    CHECK(end == "00:00:00.000 ended: killed\nOK\n");
  });
}

TEST_CASE("every kind of handler is traced, begun in the middle of a line") {
  Plain plain;
  LineConnectionFactory stateful([] { return std::make_unique<Stateful>(); });
  Later later;
  Streaming streaming;
  const AnyHandler kinds[] = {plain, stateful, later, streaming};
  for (const AnyHandler& kind : kinds) {
    FollowStage stage;
    stage.run(
        [](FollowStage& on, AnyHandler by) -> Task<> {
          auto client = on.serve(by);
          co_await test::say(client, "one\nt");
          auto first = co_await test::hear(client, 8);
          CHECK(first == "yes one\n");
          auto trace = co_await on.begin("trace 1");
          co_await test::say(client, "wo\nthree\n");
          auto rest = co_await test::hear(client, 8 + 10);
          CHECK(rest == "yes two\nyes three\n");
          auto closed = client.close();
          auto shown = co_await test::hear_to_end(trace);
          CHECK(without_times(shown) ==
                "00:00:00.000 > wo\n00:00:00.000 > three\n00:00:00.000 < yes two\n00:00:00.000 < yes three\n"
                "00:00:00.000 ended: eof\nOK\n");
        },
        kind);
  }
}
