// Workers: programs that serve many connections by lines.
#include <csignal>

#include "protocols/programs/worker_greeting.hpp"
#include "support/program_stage.hpp"

using reactord::Conn;
using reactord::EndCause;
using reactord::Task;
using test::ProgramStage;
using namespace std::chrono_literals;

namespace {

// A worker in the shell: `body` has $id and $text of each line.
std::vector<std::string> shell(const std::string& body) {
  return {"sh", "-c", "while IFS= read -r line; do id=${line%% *} text=${line#* }; " + body + "; done"};
}

Task<std::string> ask(Conn& conn, std::string says, std::size_t count) {
  co_await test::say(conn, says);
  std::string heard = co_await test::hear(conn, count);
  co_return heard;
}

}  // namespace

TEST_CASE("a worker answers the lines of several connections, each its own") {
  ProgramStage stage({"cat"});
  stage.run([](ProgramStage& on) -> Task<> {
    Conn first = on.connect();
    Conn second = on.connect();
    co_await test::say(first, "one\n");
    co_await test::say(second, "two\n");
    std::string heard = co_await test::hear(second, 4);
    CHECK(heard == "two\n");
    heard = co_await test::hear(first, 4);
    CHECK(heard == "one\n");
    CHECK(first.close_write().has_value());
    heard = co_await test::hear_to_end(first);
    CHECK(heard.empty());
    CHECK(second.close_write().has_value());
    heard = co_await test::hear_to_end(second);
  });
  CHECK(stage.programs.events == std::vector<std::string>{"started 1", "ended: exit status 0"});
  CHECK(stage.server.ended(EndCause::eof) == 2);
}

TEST_CASE("the last lines before the end are answered") {
  ProgramStage stage({"cat"});
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    std::string lines, answers;
    for (int i = 0; i < 1000; ++i) lines += "line " + std::to_string(i) + "\n";
    co_await test::say(client, lines + "half");
    CHECK(client.close_write().has_value());
    std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == lines + "half\n");
  });
}

TEST_CASE("an answer may have several lines, none, or no newline, and may end the connection") {
  ProgramStage stage(shell(R"(case $text in
    many) echo "$id+ a"; echo "$id+ b"; echo "$id c";;
    none) echo "$id.";;
    ask) echo "$id= name? "; echo "$id.";;
    quit) echo "$id- bye";;
    away) echo "$id-";;
    esac)"));
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    std::string heard = co_await ask(client, "many\nnone\nask\nquit\nmany\n", 100);
    CHECK(heard == "a\nb\nc\nname? bye\n");
    Conn other = on.connect();
    heard = co_await ask(other, "away\n", 1);
    CHECK(heard.empty());
  });
  CHECK(stage.server.ended(EndCause::finished) == 2);
}

TEST_CASE(
    "answers that are written at once reach each connection, in order and counted, whatever their kinds") {
  ProgramStage stage(shell(R"(case $text in
    go) printf '%s\n' '1 a' '2 A' '2 B' '1+ more' '1= p> ' '1.' '1 c' '01 d' '2- bye' '2 never' '1 e' '1 unasked';;
    last) echo "$id end";;
    esac)"));
  stage.run([](ProgramStage& on) -> Task<> {
    Conn first = on.connect();
    Conn second = on.connect();
    co_await test::say(first, "1\n");
    co_await test::say(second, "1\n2\n3\n");
    co_await test::say(first, "2\n3\n4\ngo\n");
    const std::string_view expected = "a\nmore\np> c\nd\ne\nunasked\n";
    std::string heard = co_await test::hear(first, expected.size());
    CHECK(heard == expected);
    heard = co_await test::hear_to_end(second);
    CHECK(heard == "A\nB\nbye\n");
    co_await test::say(first, "last\n");
    CHECK(first.close_write().has_value());
    heard = co_await test::hear_to_end(first);  // no line has been left without its answer
    CHECK(heard == "end\n");
  });
  CHECK(stage.server.ended(EndCause::finished) == 1);
  CHECK(stage.server.ended(EndCause::eof) == 1);
}

TEST_CASE("answers of all sizes come whole, from a pipe and from a terminal") {
  for (const bool terminal : {false, true}) {
    CAPTURE(terminal);
    ProgramStage stage({"cat"});
    stage.settings.terminal = terminal;
    stage.run([](ProgramStage& on) -> Task<> {
      Conn client = on.connect();
      std::string lines;
      for (const std::size_t size :
           {0U, 1U, 4000U, 100U, 4090U, 5U, 4095U, 4096U, 7U, 60'000U, 1'000U, 30'000U}) {
        for (const char fill : {'x', '7', ' '}) lines += std::string(size, fill) + "\n";
      }
      co_await test::say(client, lines);
      CHECK(client.close_write().has_value());
      std::string heard = co_await test::hear_to_end(client);
      CHECK(heard == lines);
    });
  }
}

TEST_CASE("an answer in front of what is no answer counts, and none behind it") {
  ProgramStage stage(shell("printf '1 a\\nnonsense\\n1 b\\n'"));
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    std::string heard = co_await ask(client, "x\ny\n", 19);
    CHECK(heard == "a\nERR worker ended\n");
  });
  CHECK(stage.programs.events.at(1).find("it wrote \"nonsense\", which is no answer") != std::string::npos);
}

TEST_CASE("the error for a line that is left out stands in its place among answers that come at once") {
  reactord::Limits limits;
  limits.max_line = 16;
  limits.long_lines = reactord::LongLine::discard;
  ProgramStage stage(shell(R"(held="$held$id $text\n"; [ "$text" != go ] || printf "$held")"), limits);
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "a\nb\n1234567890123456\nc\ngo\n");
    CHECK(client.close_write().has_value());
    std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "a\nb\nERR line too long (max 16)\nc\ngo\n");
  });
}

TEST_CASE("a worker that ends is replaced, its lines are answered ERR, and later ones by the next") {
  ProgramStage stage(shell(R"([ "$text" = die ] && exit 3; echo "$id $text")"));
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    std::string heard = co_await ask(client, "one\n", 4);
    CHECK(heard == "one\n");
    heard = co_await ask(client, "die\n", 17);
    CHECK(heard == "ERR worker ended\n");
    heard = co_await ask(client, "two\n", 4);
    CHECK(heard == "two\n");
  });
  CHECK(stage.programs.events == std::vector<std::string>{"started 1", "ended: exit status 3, 1 lost",
                                                          "started 1", "ended: exit status 0"});
  CHECK(stage.programs.pauses.front() == 100ms);
}

TEST_CASE("a worker that gives no answer is replaced, and the connection ends") {
  ProgramStage stage({"sleep", "100"});
  stage.settings.timeout = 100ms;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "one\n");
    std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "ERR no answer in 100ms\n");
    co_await on.until([](ProgramStage& so) { return so.programs.pids.size() == 2; });
  });
  CHECK(stage.programs.has("no answer"));
  CHECK(stage.programs.has("ended: signal: terminated, no answer in 100ms"));
}

TEST_CASE("a worker that writes what is no answer is replaced") {
  for (const char* text : {"hello", "7", "1x", "1. x", "", "99 text", "18446744073709551616 x"}) {
    CAPTURE(text);
    ProgramStage stage(shell("echo '" + std::string(text) + "'"));
    stage.run([](ProgramStage& on) -> Task<> {
      Conn client = on.connect();
      std::string heard = co_await ask(client, "one\n", 17);
      CHECK(heard == "ERR worker ended\n");
      co_await on.until([](ProgramStage& so) { return so.programs.pids.size() == 2; });
    });
  }
}

TEST_CASE("bytes of any value but a newline pass") {
  ProgramStage stage({"cat"});
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    std::string line;
    for (int value = 0; value < 256; ++value) {
      if (value != '\n') line += static_cast<char>(value);
    }
    const std::string heard = co_await ask(client, line + "\n", 256);
    CHECK(heard == line + "\n");
  });
}

TEST_CASE("a program that is not there is tried again, and lines wait for it no longer than the timeout") {
  ProgramStage stage({"/nowhere/upper"});
  stage.settings.timeout = 150ms;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "one\n");
    std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "ERR no answer in 150ms\n");
  });
  CHECK(stage.programs.events.front() == "not started: exec /nowhere/upper: no such file or directory");
  CHECK(stage.programs.pauses.front() == 100ms);
  CHECK(stage.programs.pauses[1] == 200ms);
}

TEST_CASE("at a reload new workers start, the former ones answer what they were given") {
  ProgramStage stage(shell(R"([ "$text" = slow ] && sleep 0.2; echo "$id $text of $$")"));
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "slow\n");
    auto slept = co_await on.reactor.sleep(20ms);
    on.program->change(on.settings);
    co_await test::say(client, "next\n");
    const std::string former = std::to_string(on.programs.pids[0]);
    const std::string next = std::to_string(on.programs.pids[1]);
    const std::string expected = "slow of " + former + "\nnext of " + next + "\n";
    const std::string heard = co_await test::hear(client, expected.size());
    CHECK(heard == expected);
  });
  CHECK(stage.programs.events ==
        std::vector<std::string>{"started 1", "started 1", "ended: exit status 0", "ended: exit status 0"});
}

TEST_CASE("a worker with notices is told of connections") {
  ProgramStage stage({"sh", "-c", R"(while IFS= read -r line; do
      echo "$line" >&2; case $line in *+*) ;; *-*) ;; *) echo "$line";; esac; done)"});
  stage.settings.notices = true;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    const std::string heard = co_await ask(client, "one\n", 4);
    CHECK(heard == "one\n");
    CHECK(client.close_write().has_value());
    std::string rest = co_await test::hear_to_end(client);
    co_await on.until([](ProgramStage& so) { return so.programs.has("said: 1- eof"); });
  });
  CHECK(stage.programs.has("said: 1+ pipe"));
  CHECK(stage.programs.has("said: 1 one"));
}

TEST_CASE(
    "a worker that starts under many connections hears of each once before its line, and the former one "
    "serves till then") {
  ProgramStage stage({"sh", "-c", R"(known=' '; while read -r id text; do
      case $id in *-) continue;; *+) known="$known${id%+} "; continue;; esac
      case $known in *" $id "*" $id "*) echo "$id twice";; *" $id "*) printf "%s %08d\n" "$id" $$;; *) echo "$id never";; esac; done)"});
  stage.settings.notices = true;
  stage.run([](ProgramStage& on) -> Task<> {
    std::vector<Conn> clients;
    while (clients.size() < 3 * reactord::WorkerGreeting::told_per_turn) clients.push_back(on.connect());
    const auto name = [&on](std::size_t index) {
      const std::string digits = std::to_string(on.programs.pids[index]);
      return std::string(8 - digits.size(), '0') + digits + '\n';
    };
    std::string heard = co_await ask(clients.back(), "a\n", 9);
    on.program->change(on.settings);
    const std::string former = name(0);
    const std::string next = name(1);
    CHECK(heard == former);
    clients.erase(clients.begin(), clients.begin() + 3);  // they end before they are told of
    clients.push_back(on.connect());
    heard = co_await ask(clients.back(), "a\n", former.size());
    CHECK(heard == former);
    while (heard == former) heard = co_await ask(clients.front(), "a\n", former.size());
    for (Conn& client : clients) {
      heard = co_await ask(client, "a\n", next.size());
      CHECK(heard == next);
    }
  });
}

TEST_CASE("connections are spread over the workers, and stay with theirs") {
  ProgramStage stage(shell(R"(echo "$id $REACTORD_WORKER")"));
  stage.settings.workers = 3;
  stage.run([](ProgramStage& on) -> Task<> {
    co_await on.until([](ProgramStage& so) { return so.programs.pids.size() == 3; });
    std::vector<Conn> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(on.connect());
    std::string all;
    for (Conn& client : clients) {
      const std::string heard = co_await ask(client, "a\nb\n", 4);
      CHECK(heard[0] == heard[2]);
      all += heard[0];
    }
    std::ranges::sort(all);
    CHECK(all == "112233");
  });
}

TEST_CASE("fewer workers after a reload: their connections go to the others") {
  ProgramStage stage(shell(R"(echo "$id $REACTORD_WORKER")"));
  stage.settings.workers = 2;
  stage.run([](ProgramStage& on) -> Task<> {
    co_await on.until([](ProgramStage& so) { return so.programs.pids.size() == 2; });
    Conn first = on.connect();
    Conn second = on.connect();
    std::string heard = co_await ask(first, "a\n", 2);
    std::string other = co_await ask(second, "a\n", 2);
    CHECK(heard != other);
    on.settings.workers = 1;
    on.program->change(on.settings);
    heard = co_await ask(first, "a\n", 2);
    other = co_await ask(second, "a\n", 2);
    CHECK(heard == "1\n");
    CHECK(other == "1\n");
  });
}

TEST_CASE("a worker that takes nothing holds up its connections alone, within bounds") {
  ProgramStage stage(shell(R"([ "$text" = stop ] && sleep 0.3; echo "$id $text")"));
  stage.settings.queue = 4096;
  stage.settings.lines = 1'000'000;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    std::string lines = "stop\n";
    for (int i = 0; i < 5000; ++i) lines += std::string(60, 'x') + "\n";
    on.reactor.spawn([](Conn& conn, std::string text) -> Task<> {
      co_await test::say(conn, text);
      CHECK(conn.close_write().has_value());
    }(client, lines));
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == lines);
  });
}

TEST_CASE("a program that prints nothing is told of, with a hint") {
  ProgramStage stage({"sh", "-c", "read -r line; exit 0"});
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    const std::string heard = co_await ask(client, "one\n", 17);
    CHECK(heard == "ERR worker ended\n");
  });
  CHECK(stage.programs.events[1].starts_with("silent: "));
}
