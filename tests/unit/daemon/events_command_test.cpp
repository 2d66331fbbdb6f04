// events at the control socket: what it shows, what ends it, and that nobody waits for its client.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "daemon/live_lines.hpp"
#include "load/result/json.hpp"
#include "support/follow_stage.hpp"

using namespace reactord;
using namespace std::chrono_literals;
using test::ask;
using test::FollowStage;

namespace {

constexpr std::string_view line_begin = "time=2000-00-00T00:00:00.000Z level=info ";

}  // namespace

TEST_CASE("events shows the lines of the log as they are made, until anything is sent") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    on.log().line(LogLevel::info, "before");
    auto conn = co_await on.begin("events");
    on.log()
        .line(LogLevel::info, "closed")
        .add("protocol", "line")
        .add("text", "a b")
        .add("in", std::uint64_t{17});
    on.log().line(LogLevel::debug, "detail");
    auto first = co_await on.heard(conn);
    CHECK(first == std::string(line_begin) +
                       "event=closed protocol=line text=\"a b\" in=17\n"
                       "time=2000-00-00T00:00:00.000Z level=debug event=detail\n");
    auto nothing = co_await on.heard(conn);
    CHECK(nothing.empty());
    on.log().line(LogLevel::info, "last");
    co_await test::say(conn, "\n");
    auto end = co_await on.heard(conn);
    CHECK(end == std::string(line_begin) + "event=last\nOK\n");
    on.log().line(LogLevel::info, "behind");
    auto behind = co_await on.heard(conn);
    CHECK(behind.empty());
    auto answer = co_await ask(conn, "events info info");
    CHECK(answer == "ERR events takes one level, as in: events warn\n");
    auto wrong = co_await ask(conn, "events wran");
    CHECK(wrong.starts_with("ERR "));
  });
}

TEST_CASE("events of a level shows that level and those above it, and none that the log does not make") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto warn = co_await on.begin("events warn");
    auto all = co_await on.begin("events debug");
    on.log().set_level(LogLevel::info);
    for (const LogLevel level : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug})
      on.log().line(level, "it");
    on.log().answer("answer");
    auto few = co_await on.heard(warn);
    CHECK(std::ranges::count(few, '\n') == 2);
    auto most = co_await on.heard(all);
    CHECK(std::ranges::count(most, '\n') == 4);
    CHECK(most.find("level=debug") == most.npos);
    CHECK(most.ends_with("level=info event=answer\n"));
  });
}

TEST_CASE("events as JSON has an object in each line") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto conn = co_await on.begin("events --json");
    on.log()
        .line(LogLevel::info, "closed")
        .add("error", "no \"way\"\x1b")
        .add("in", std::uint64_t{17})
        .add_seconds("seconds", 4ms);
    auto heard = co_await on.heard(conn);
    CHECK(heard ==
          "{\"time\":\"2000-00-00T00:00:00.000Z\",\"level\":\"info\",\"event\":\"closed\","
          "\"error\":\"no \\\"way\\\"\\u001b\",\"in\":17,\"seconds\":0.004}\n");
    auto value = reactord::load::read_json(heard);
    CHECK(value.has_value());
  });
}

TEST_CASE(
    "what ends events is the next command, unless it is empty; commands sent at once are all answered") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto conn = co_await on.begin("events");
    co_await test::say(conn, "help help\nevents\nhelp help\n\nquit\n");
    auto heard = co_await test::hear_to_end(conn);
    const std::string help = "help [COMMAND]\n  list the commands, or say more about one\nOK\n";
    CHECK(heard == "OK\n" + help + "OK\n" + help + "OK\n");
    auto half = co_await on.begin("events");
    co_await test::say(half, "he");
    auto ended = co_await on.heard(half);
    CHECK(ended == "OK\n");
    co_await test::say(half, "lp help\n");
    auto answer = co_await on.heard(half);
    CHECK(answer == help);
  });
}

TEST_CASE("the end of input ends events, and so does the end of the client") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto half = co_await on.begin("events");
    on.log().line(LogLevel::info, "last");
    auto finished = half.close_write();
    auto heard = co_await test::hear_to_end(half);
    CHECK(heard.ends_with(" event=last\nOK\n"));
    {
      auto gone = co_await on.begin("events");
      gone.abort();
    }
    co_await on.settle();
    CHECK(on.control.open_connections() == 0);
    on.log().line(LogLevel::info, "nobody");
  });
}

TEST_CASE("a client that follows is not idle, and one that has ceased to is again") {
  FollowStage stage({}, {.idle_timeout = 10min});
  stage.run([](FollowStage& on) -> Task<> {
    auto conn = co_await on.begin("events");
    co_await test::pass(on.reactor, 24h);
    CHECK(on.control.open_connections() == 1);
    on.log().line(LogLevel::info, "late");
    auto heard = co_await on.heard(conn);
    CHECK(heard.ends_with("event=late\n"));
    co_await test::say(conn, "\n");
    auto end = co_await on.heard(conn);
    CHECK(end == "OK\n");
    co_await test::pass(on.reactor, 9min);
    CHECK(on.control.open_connections() == 1);
    co_await test::pass(on.reactor, 2min);
    CHECK(on.control.ended(EndCause::idle) == 1);
  });
}

TEST_CASE("a drain of the control socket ends those that follow, which are told") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto client = on.client();
    auto events = co_await on.begin("events");
    auto trace = co_await on.begin("trace 1");
    on.log().line(LogLevel::info, "last");
    on.control.drain(1s);
    auto of_events = co_await test::hear_to_end(events);
    CHECK(of_events.ends_with("event=last\nERR the daemon is ending\n"));
    auto of_trace = co_await test::hear_to_end(trace);
    CHECK(of_trace == "ERR the daemon is ending\n");
    CHECK(on.control.ended(EndCause::drained) == 2);
    co_await test::say(client, "goes on\n");
    auto answer = co_await test::hear(client, 12);
    CHECK(answer == "got goes on\n");
  });
}

TEST_CASE("lines that a client does not read in time are counted, and it is told") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto conn = co_await on.begin("events");
    constexpr std::size_t made = 20'000;
    for (std::size_t line = 0; line < made; ++line) {
      on.log().line(LogLevel::info, "flood").add("number", std::uint64_t{line});
      if (line % 100 == 0) co_await on.reactor.next_turn();
    }
    CHECK(on.reactor.buffers().bytes_in_use() < 1024 * 1024);
    LineReader lines(conn);
    std::uint64_t shown = 0, omitted = 0;
    while (shown + omitted < made) {
      auto line = co_await lines.read_line();
      if (!line) break;
      if (const std::size_t at = line->find(" level=warn event=events-omitted count="); at != line->npos) {
        omitted += std::stoull(std::string(line->substr(line->rfind('=') + 1)));
      } else {
        CHECK(line->ends_with("event=flood number=" + std::to_string(shown + omitted)));
        ++shown;
      }
    }
    CHECK(shown + omitted == made);
    CHECK(omitted > made / 2);
    CHECK(shown * 60 > LiveLines::limit);
    on.log().line(LogLevel::info, "after");
    auto after = co_await lines.read_line();
    CHECK((after.has_value() && after->ends_with("event=after")));
  });
}

TEST_CASE("a client that reads slowly is heard when it has enough, however much comes") {
  FollowStage stage;
  stage.run([](FollowStage& on) -> Task<> {
    auto conn = co_await on.begin("events");
    std::string heard;
    bool has_said = false;
    for (int turn = 0; turn < 5000 && !heard.ends_with("\nOK\n"); ++turn) {
      for (int line = 0; line < 20; ++line)
        on.log().line(LogLevel::info, "flood").add("text", std::string(500, 'x'));
      if (turn == 500) {
        co_await test::say(conn, "\n");
        has_said = true;
      }
      std::string piece(8 * 1024, '\0');
      if (conn.unread() > 0) {
        auto read = co_await conn.read(std::span(piece));
        heard.append(piece, 0, read ? *read : 0);
      }
      auto slept = co_await on.reactor.sleep(1ms);
    }
    CHECK(has_said);
    CHECK(heard.ends_with("\nOK\n"));
    CHECK(heard.find("events-omitted") != heard.npos);
  });
}

TEST_CASE("a client that reads nothing is ended by the limits of its socket, and others go on") {
  FollowStage stage({}, {.write_timeout = 10s, .output = {.hard = 256 * 1024}});
  stage.run([](FollowStage& on) -> Task<> {
    auto silent = co_await on.begin("events");
    auto reader = co_await on.begin("events error");
    for (int second = 0; second < 20; ++second) {
      for (int line = 0; line < 1000; ++line)
        on.log().line(LogLevel::info, "flood").add("text", std::string(200, 'x'));
      co_await test::pass(on.reactor, 1s);
    }
    CHECK(on.control.ended(EndCause::slow_reader) == 1);
    on.log().line(LogLevel::error, "it");
    auto heard = co_await on.heard(reader);
    CHECK(heard.ends_with("level=error event=it\n"));
    CHECK(on.control.open_connections() == 1);
  });
}
