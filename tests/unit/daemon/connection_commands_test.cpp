// connections, connection and kill, on a server with connections of all kinds.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/control_stage.hpp"

using namespace reactord;
using test::ask;
using test::ControlStage;

namespace {

using Conns = std::vector<Conn>;

constexpr std::size_t crowd = 2000;

// As many clients, of which each has sent so many lines as its index modulo 7 says, and read their answers.
Task<> fill(ControlStage& on, Conns& clients, std::size_t count) {
  for (std::size_t index = 0; index < count; ++index) {
    clients.push_back(on.client());
    std::string lines, answers;
    for (std::size_t times = 0; times < index % 7; ++times) {
      lines += "x\n";
      answers += "got x\n";
    }
    if (lines.empty()) continue;
    co_await test::say(clients.back(), lines);
    auto heard = co_await test::hear(clients.back(), answers.size());
    CHECK(heard == answers);
  }
}

std::vector<std::uint64_t> column_of(const std::string& answer, const char* name) {
  std::vector<std::uint64_t> numbers;
  for (const auto& row : test::json_of(answer).elements) numbers.push_back(std::stoull(row.find(name)->text));
  return numbers;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

TEST_CASE("connections shows a row for each connection") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    auto idle = on.client();
    auto talking = on.client();
    auto conn = on.connect();
    co_await test::say(talking, "x\nhal");
    auto heard = co_await test::hear(talking, 6);
    CHECK(heard == "got x\n");
    co_await test::pass(on.reactor, 5s);
    auto answer = co_await ask(conn, "connections");
    std::istringstream stream(answer);
    std::string heading, first, second, last;
    std::getline(stream, heading);
    std::getline(stream, first);
    std::getline(stream, second);
    std::getline(stream, last);
    CHECK(heading ==
          "id      protocol    peer                   state    age     silent  lines     in          out     "
          "    buffered  unsent");
    CHECK(
        first.starts_with("1       line        pipe                   idle     5s      5s      0         0   "
                          "        0           0         0"));
    CHECK(
        second.starts_with("2       line        pipe                   in-line  5s      5s      1         5  "
                           "         6           "));
    CHECK(last == "OK");
    auto one = co_await ask(conn, "connection 2");
    CHECK(one.starts_with("id        2\nprotocol  line\npeer      pipe\nstate     in-line\nage       5s\n"));
    auto json = co_await ask(conn, "connection 2 --json");
    CHECK(test::json_of(json).find("age")->text == "5.000");
    auto half = co_await ask(conn, "connections --json state=in-line");
    CHECK(column_of(half, "id") == std::vector<std::uint64_t>{2});
  });
}

TEST_CASE("an empty server has no rows") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    auto conn = on.connect();
    auto text = co_await ask(conn, "connections sort=age");
    CHECK(lines_in(text) == 2);
    auto json = co_await ask(conn, "connections --json");
    CHECK(test::json_of(json).elements.empty());
    auto killed = co_await ask(conn, "kill all");
    CHECK(killed == "killed 0\nOK\n");
  });
}

TEST_CASE("a wrong request is told what would be right, and ends nothing") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    auto client = on.client();
    auto conn = on.connect();
    struct Row {
      const char *request, *answer;
    };
    static constexpr Row table[] = {
        {"conections", "ERR unknown command \"conections\": did you mean connections? help lists all\n"},
        {"connections sate=idle", "ERR unknown filter \"sate\": did you mean state?\n"},
        {"connections sort=",
         "ERR sort=: no column of numbers, known: id age silent lines in out buffered unsent\n"},
        {"connections --json limit=no", "ERR limit=no: write a number from 1 to 1000000000\n"},
        {"connections \xff\x1b",
         "ERR unknown filter \"\\xff\\u001b\": known: protocol peer state age silent lines in out buffered "
         "unsent\n"},
        {"connection", "ERR connection takes a number of the column id, as in: connection 7\n"},
        {"connection 1 2", "ERR connection takes a number of the column id, as in: connection 7\n"},
        {"connection state=idle", "ERR connection takes a number of the column id, as in: connection 7\n"},
        {"connection 7", "ERR there is no connection 7: connections lists all\n"},
        {"kill",
         "ERR kill takes the connections that are to end, as in: kill 7, kill 192.0.2.1, kill silent>1h, "
         "kill all\n"},
        {"kill all 7", "ERR all and a filter contradict each other: write one of them\n"},
        {"kill 1 sort=age",
         "ERR unknown filter \"sort\": known: protocol peer state age silent lines in out buffered unsent\n"},
        {"kill 1 lines>x", "ERR lines>x: write a number, as in 1000 or 20k\n"},
    };
    for (const Row& row : table) {
      auto answer = co_await ask(conn, row.request);
      CHECK(answer == row.answer);
    }
    CHECK(on.server.open_connections() == 1);
  });
}

TEST_CASE("thousands of connections are shown completely, some in each turn") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    Conns clients;
    co_await fill(on, clients, crowd);
    auto conn = on.connect();
    const std::uint64_t before = on.reactor.turns();
    auto text = co_await ask(conn, "connections");
    CHECK(lines_in(text) == crowd + 2);
    CHECK(on.reactor.turns() - before >= crowd / 128);
    auto json = co_await ask(conn, "connections --json");
    const auto ids = column_of(json, "id");
    CHECK(ids.size() == crowd);
    CHECK(std::ranges::is_sorted(ids));
    CHECK(std::set(ids.begin(), ids.end()).size() == crowd);
    auto some = co_await ask(conn, "connections --json lines>5 limit=100");
    const auto lines = column_of(some, "lines");
    CHECK(lines.size() == 100);
    CHECK(std::ranges::count(lines, 6) == 100);
  });
}

TEST_CASE("thousands of connections are sorted, the greatest first") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    Conns clients;
    co_await fill(on, clients, crowd);
    auto conn = on.connect();
    const std::uint64_t before = on.reactor.turns();
    auto json = co_await ask(conn, "connections --json sort=lines");
    CHECK(on.reactor.turns() - before >= crowd / 128 * 2 + crowd / 1024);
    const auto lines = column_of(json, "lines"), ids = column_of(json, "id");
    CHECK(lines.size() == crowd);
    CHECK(std::ranges::is_sorted(lines, std::greater()));
    CHECK(std::set(ids.begin(), ids.end()).size() == crowd);
    CHECK((ids[0] == 7 && ids[1] == 14));  // of equal ones the first comes first
    auto best = co_await ask(conn, "connections --json sort=id limit=3");
    CHECK(column_of(best, "id") == std::vector<std::uint64_t>{crowd, crowd - 1, crowd - 2});
    auto first = co_await ask(conn, "connections --json sort=-id limit=3");
    CHECK(column_of(first, "id") == std::vector<std::uint64_t>{1, 2, 3});
    auto filtered = co_await ask(conn, "connections sort=in limit=1 lines<2 --json");
    CHECK(column_of(filtered, "id") == std::vector<std::uint64_t>{2});
  });
}

TEST_CASE("connections that end and begin amid a walk disturb nobody else's rows") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    Conns clients;
    co_await fill(on, clients, crowd);
    static constexpr const char* requests[] = {"connections --json\n", "connections --json sort=in\n"};
    for (const char* request : requests) {
      auto conn = on.connect();
      co_await test::say(conn, request);
      LineReader lines(conn);
      for (int turns = 0; turns < 3; ++turns) co_await on.reactor.next_turn();
      const std::size_t end = clients.size() - 100;
      for (std::size_t at = end; at < clients.size(); ++at) clients[at].abort();
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(end), clients.end());
      Conn late = on.client();
      co_await on.reactor.next_turn();
      auto answer = co_await test::hear_answer(lines);
      const auto ids = column_of(answer, "id");
      std::set<std::uint64_t> shown(ids.begin(), ids.end());
      CHECK(shown.size() == ids.size());
      CHECK(*shown.rbegin() <= crowd);
      for (std::uint64_t id = 1; id <= end; ++id) CHECK(shown.contains(id));
    }
  });
}

TEST_CASE("an operator who does not read keeps a walk waiting, not the clients") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    Conns clients;
    co_await fill(on, clients, crowd);
    auto silent = on.connect();
    co_await test::say(silent, "connections\n");
    for (int turns = 0; turns < 100; ++turns) co_await on.reactor.next_turn();
    co_await test::say(clients[0], "hello\n");
    auto heard = co_await test::hear(clients[0], 10);
    CHECK(heard == "got hello\n");
    clients.erase(clients.begin() + 1000, clients.end());
    co_await on.reactor.next_turn();
    LineReader lines(silent);
    auto answer = co_await test::hear_answer(lines);
    CHECK(answer.ends_with("\nOK\n"));
    CHECK(lines_in(answer) >= 1002);
  });
}

TEST_CASE("kill ends those that it names, by the cause killed") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    Conns clients;
    co_await fill(on, clients, 700);
    auto conn = on.connect();
    struct Row {
      const char *request, *answer;
      std::size_t left;
    };
    static constexpr Row table[] = {
        {"kill 2", "killed 1\nOK\n", 699},
        {"kill 2", "killed 0\nOK\n", 699},
        {"kill 1 2", "killed 0\nOK\n", 699},
        {"kill 192.0.2.1", "killed 0\nOK\n", 699},
        {"kill lines=0 state=idle", "killed 100\nOK\n", 599},
        {"kill lines>4 --json", "{\"killed\":200}\nOK\n", 399},
        {"kill all", "killed 399\nOK\n", 0},
    };
    const std::uint64_t before = on.reactor.turns();
    for (const Row& row : table) {
      auto answer = co_await ask(conn, row.request);
      CHECK(answer == row.answer);
      co_await on.reactor.next_turn();
      CHECK(on.server.open_connections() == row.left);
    }
    CHECK(on.reactor.turns() - before >= 700 / 8);
    CHECK(on.server.ended(EndCause::killed) == 700);
  });
}

TEST_CASE("a drain of the control socket ends a long answer in order") {
  ControlStage stage;
  stage.run([](ControlStage& on) -> Task<> {
    Conns clients;
    co_await fill(on, clients, crowd);
    auto conn = on.connect();
    co_await test::say(conn, "connections\n");
    for (int turns = 0; turns < 3; ++turns) co_await on.reactor.next_turn();
    on.control.drain(10s);
    auto heard = co_await test::hear_to_end(conn);
    CHECK(heard.ends_with("\nERR this is not all: the control socket is being closed\n"));
    CHECK(on.control.ended(EndCause::drained) == 1);
  });
}
