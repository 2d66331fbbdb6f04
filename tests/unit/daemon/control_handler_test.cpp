// ControlHandler: the dialogue of the control socket, whatever its commands do.
#include "daemon/control_handler.hpp"

#include <doctest/doctest.h>

#include <array>
#include <new>
#include <stdexcept>
#include <string>

#include "support/control_stage.hpp"

using namespace reactord;
using test::ask;
using test::ControlStage;

namespace {

Task<std::string> say_words(ControlRequest& request) {
  std::string text = request.format == ControlFormat::json ? "json:" : "text:";
  for (const std::string& word : request.words) text += " " + word;
  text += '\n';
  auto sent = co_await request.conn.write(text);
  co_return sent ? std::string() : sent.error().text();
}

Task<std::string> complain(ControlRequest&) { co_return "no\x1b[2J\nOK"; }

Task<std::string> complain_long(ControlRequest&) { co_return std::string(100'000, 'x'); }

Task<std::string> throw_late(ControlRequest& request) {
  auto sent = co_await request.conn.write("half\n");
  CHECK(sent.has_value());
  co_await request.context.reactor().next_turn();
  throw std::runtime_error("the stars");
}

Task<std::string> throw_early(ControlRequest& request) {
  if (request.words.empty()) throw std::bad_alloc();
  throw 7;
  co_return std::string();
}

Task<std::string> write_much(ControlRequest& request) {
  const std::string line = std::string(1023, 'm') + '\n';
  for (int times = 0; times < 1024; ++times) {
    auto sent = co_await request.conn.write(line);
    if (!sent) co_return sent.error().text();
  }
  co_return std::string();
}

constexpr std::array<ControlCommand, 4> some{{
    {"say", "[WORD...]", "say the words", say_words, "  More about words.\n"},
    {"complain", "", "complain", complain},
    {"throw", "", "throw late", throw_late},
    {"throw-now", "[SEVEN]", "throw early", throw_early},
}};
constexpr std::array<ControlCommand, 2> more{{
    {"complain-long", "", "complain for long", complain_long},
    {"much", "", "write a mebibyte", write_much},
}};

struct DialogueStage : ControlStage {
  explicit DialogueStage(const Limits& limits = {}) : ControlStage({some, more}, {}, limits) {}
};

}  // namespace

TEST_CASE("a request is a line of words, and OK or ERR ends its answer") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    struct Row {
      const char *request, *answer;
    };
    static constexpr Row table[] = {
        {"say", "text:\nOK\n"},
        {"say a b", "text: a b\nOK\n"},
        {" \t say\ta  b \t", "text: a b\nOK\n"},
        {"say a\r", "text: a\nOK\n"},
        {"--json say a", "json: a\nOK\n"},
        {"say --json a --json", "json: a\nOK\n"},
        {"\n \n\t\nsay", "text:\nOK\n"},
        {"complain", "ERR no\\u001b[2J\\nOK\n"},
        {"throw", "half\nERR throw has failed: the stars\n"},
        {"throw-now", "ERR out of memory: try again\n"},
        {"throw-now 7", "ERR throw-now has failed: unknown exception\n"},
        {"--json", "ERR write a command: help lists all\n"},
        {"sya", "ERR unknown command \"sya\": did you mean say? help lists all\n"},
        {"SAY",
         "ERR unknown command \"SAY\": known: help quit say complain throw throw-now complain-long much\n"},
        {"quit now", "ERR quit takes no argument\n"},
    };
    for (const Row& row : table) {
      auto answer = co_await ask(conn, row.request);
      CHECK(answer == row.answer);
    }
  });
}

TEST_CASE("help lists all commands, and tells more about one") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    auto all = co_await ask(conn, "help");
    CHECK(all.starts_with("command      arguments  "));
    CHECK(all.find("\nhelp         [COMMAND]  ") != all.npos);
    CHECK(all.find("\nmuch  ") != all.npos);
    auto one = co_await ask(conn, "help say");
    CHECK(one == "say [WORD...]\n  say the words\n  More about words.\nOK\n");
    auto listed = co_await ask(conn, "help --json");
    CHECK(test::json_of(listed).elements.size() == 8);
    auto described = co_await ask(conn, "help say --json");
    CHECK(test::json_of(described).find("details")->text == "  More about words.\n");
    auto unknown = co_await ask(conn, "help sya");
    CHECK(unknown == "ERR unknown command \"sya\": did you mean say?\n");
    auto two = co_await ask(conn, "help say much");
    CHECK(two == "ERR help takes one command, as in: help connections\n");
  });
}

TEST_CASE("an error is no longer than it may be") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    auto answer = co_await ask(conn, "complain-long");
    CHECK(answer == "ERR " + std::string(ControlHandler::longest_error, 'x') + '\n');
  });
}

TEST_CASE("quit ends the connection behind its answer, and what follows is not read") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    co_await test::say(conn, "say 1\nsay 2\nquit\nsay 3\n");
    auto heard = co_await test::hear_to_end(conn);
    CHECK(heard == "text: 1\nOK\ntext: 2\nOK\nOK\n");
    co_await on.reactor.next_turn();
    CHECK(on.control.ended(EndCause::finished) == 1);
  });
}

TEST_CASE("a last line without its end is answered") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    co_await test::say(conn, "say it");
    auto closed = conn.close_write();
    CHECK(closed.has_value());
    auto heard = co_await test::hear_to_end(conn);
    CHECK(heard == "text: it\nOK\n");
  });
}

TEST_CASE("a line that is too long ends the dialogue, which says so") {
  DialogueStage stage({.max_line = 64});
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    co_await test::say(conn, "say " + std::string(100, 'x') + '\n');
    auto heard = co_await test::hear_to_end(conn);
    CHECK(heard == "ERR line too long (max 64)\n");
    CHECK(on.control.ended(EndCause::line_too_long) == 1);
  });
}

TEST_CASE("many requests at once are answered in as many turns") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto conn = on.connect();
    std::string requests, answers;
    for (int times = 0; times < 300; ++times) {
      requests += "\nsay\n";
      answers += "text:\nOK\n";
    }
    const std::uint64_t before = on.reactor.turns();
    co_await test::say(conn, requests);
    auto heard = co_await test::hear(conn, answers.size());
    CHECK(heard == answers);
    CHECK(on.reactor.turns() - before >= 600);
  });
}

TEST_CASE("an operator who does not read holds up himself alone, within bounds") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto silent = on.connect();
    co_await test::say(silent, "much\n");
    auto other = on.connect();
    for (int times = 0; times < 50; ++times) {
      auto answer = co_await ask(other, "say hello");
      CHECK(answer == "text: hello\nOK\n");
    }
    CHECK(on.reactor.buffers().bytes_in_use() < 4 * Conn::high_watermark);
    auto heard = co_await test::hear(silent, 1024 * 1024 + 3);
    CHECK(heard.size() == 1024 * 1024 + 3);
    CHECK(heard.ends_with("m\nOK\n"));
  });
}

TEST_CASE("an operator who goes amid an answer ends its command") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    {
      auto conn = on.connect();
      co_await test::say(conn, "much\n");
      co_await on.reactor.next_turn();
    }
    co_await test::until(on.reactor, [&on] { return on.control.open_connections() == 0; });
  });
}

TEST_CASE("a drain answers the requests that came before it, and ends the dialogue in order") {
  DialogueStage stage;
  stage.run([](DialogueStage& on) -> Task<> {
    auto waiting = on.connect();
    auto asking = on.connect();
    co_await test::say(asking, "say 1\nsay 2\n");
    for (int turns = 0; turns < 2; ++turns) co_await on.reactor.next_turn();
    on.control.drain(10s);
    auto heard = co_await test::hear_to_end(asking);
    CHECK(heard == "text: 1\nOK\ntext: 2\nOK\n");
    auto nothing = co_await test::hear_to_end(waiting);
    CHECK(nothing.empty());
    CHECK(on.control.ended(EndCause::drained) == 2);
  });
}
