// Listeners of the daemon: what they are after one of them has failed, and how many descriptors they need.
#include "daemon/listeners.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "reactord/dial.hpp"
#include "support/fail_next.hpp"
#include "support/loopback.hpp"
#include "support/no_memory.hpp"
#include "support/process.hpp"

using reactord::Error;
using reactord::Listener;
using reactord::ListenerId;
using reactord::Listeners;
using reactord::ListenOption;
using reactord::Options;
using reactord::PassedSockets;
using reactord::Task;
using test::Call;
using test::FailNext;
using namespace std::chrono_literals;

namespace {

// A service as the daemon puts it together, on a clock that jumps.
struct Service : reactord::ServerObserver {
  explicit Service(PassedSockets sockets = {}) : listeners(reactor, server, std::move(sockets), nullptr) {}

  void on_listener_failed(ListenerId id, const Error&) override {
    if (const auto gone = listeners.forget(id)) failed.push_back(gone->option.text());
  }

  std::vector<std::string> failed;
  reactord::VirtualClock clock;
  reactord::Reactor reactor{clock};
  reactord::Server server{reactor, {.limits = {}, .observer = this}};
  Listeners listeners;
};

Options listening(std::vector<ListenOption> listen) {
  Options options;
  options.listen = std::move(listen);
  return options;
}

Task<reactord::Result<Listeners::Change>> change(Service& on, Options wanted) {
  Task<reactord::Result<Listeners::Change>> changing = on.listeners.change_to(wanted);
  auto changed = co_await std::move(changing);
  co_return changed;
}

// Until so many listeners have failed, of what accept(2) never should answer.
Task<> let_fail(Service& on, std::string address, std::size_t count = 1) {
  FailNext fail(Call::accept, EINVAL, static_cast<unsigned>(count) * Listener::failed_accepts);
  auto poke = co_await reactord::dial(on.reactor, "unix", address);
  while (on.failed.size() < count) {
    auto slept = co_await on.reactor.sleep(1s);
    CHECK(slept.has_value());
  }
  CHECK(fail.happened());
}

Task<> connect(Service& on, std::string address, bool& answered) {
  auto conn = co_await reactord::dial(on.reactor, "unix", address);
  if (!conn) co_return;
  auto sent = co_await conn->write("x\n");
  std::string answer(10, ' ');
  auto read = co_await conn->read(std::span(answer));
  answered = read.has_value() && answer == "Server: x\n";
}

}  // namespace

TEST_CASE("a listener that has failed is not served any more, and the next reload opens it again") {
  Service service;
  const Options options = listening({{"line", "unix:@reactord-failed-listener"}});
  static constexpr auto body = [](Service& on, const Options& wanted) -> Task<> {
    Task<reactord::Result<Listeners::Change>> changing_1 = change(on, wanted);
    auto first = co_await std::move(changing_1);
    REQUIRE(first.has_value());
    Task<> failing = let_fail(on, "@reactord-failed-listener");
    co_await std::move(failing);
    CHECK(on.failed == std::vector<std::string>{"line@unix:@reactord-failed-listener"});
    CHECK(on.listeners.text().empty());
    for (int reload = 0; reload < 2; ++reload) {
      Task<reactord::Result<Listeners::Change>> changing_2 = change(on, wanted);
      auto changed = co_await std::move(changing_2);
      REQUIRE(changed.has_value());
      CHECK(changed->added.size() == (reload == 0 ? 1 : 0));
      CHECK(changed->removed.empty());
    }
    bool answered = false;
    Task<> connecting = connect(on, "@reactord-failed-listener", answered);
    co_await std::move(connecting);
    CHECK(answered);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, options));
}

TEST_CASE("a reload that gives a failed listener another protocol opens it, and does it again") {
  Service service;
  static constexpr auto body = [](Service& on) -> Task<> {
    Task<reactord::Result<Listeners::Change>> changing_3 =
        change(on, listening({{"line", "unix:@reactord-failed-other"}}));
    auto first = co_await std::move(changing_3);
    REQUIRE(first.has_value());
    Task<> failing = let_fail(on, "@reactord-failed-other");
    co_await std::move(failing);
    for (const char* protocol : {"echo", "line", "echo"}) {
      Task<reactord::Result<Listeners::Change>> changing_4 =
          change(on, listening({{protocol, "unix:@reactord-failed-other"}}));
      auto changed = co_await std::move(changing_4);
      REQUIRE(changed.has_value());
      CHECK(changed->added.size() == 1);
    }
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service));
}

TEST_CASE("change_handler() of a listener that has failed, or never was, says so and serves nothing") {
  struct Silent final : reactord::LineHandler {
    void on_line(std::string_view, reactord::Reply&) override {}
  } handler;
  Service service;
  static constexpr auto body = [](Service& on, Silent& by) -> Task<> {
    auto listener = reactord::listen(on.reactor, "unix", "@reactord-failed-id");
    REQUIRE(listener.has_value());
    const ListenerId id = on.server.listen(std::move(*listener), by);
    FailNext fail(Call::accept, EINVAL, Listener::failed_accepts);
    auto poke = co_await reactord::dial(on.reactor, "unix", "@reactord-failed-id");
    while (!fail.happened()) {
      auto slept = co_await on.reactor.sleep(1s);
      CHECK(slept.has_value());
    }
    co_await on.reactor.next_turn();
    CHECK(on.server.change_handler(id, by) == 0);
    CHECK(on.server.change_handler(id + 1000, by) == 0);
    // The service it was may be forgotten by now.
    auto other = reactord::listen(on.reactor, "unix", "@reactord-failed-id");
    REQUIRE(other.has_value());
    CHECK(on.server.listen(std::move(*other), by) != 0);
    CHECK(on.server.change_handler(id, by) == 0);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, handler));
}

TEST_CASE("of two passed sockets of one name, the one that has failed is opened again, and it alone") {
  // Far from what the program itself has open.
  constexpr int first = 200;
  for (int number = first; number < first + 2; ++number) {
    const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage storage{};
    const auto address = reactord::Address::parse("unix:@reactord-passed-" + std::to_string(number));
    const unsigned length = address->to_socket_address(storage);
    REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&storage), length) == 0);
    REQUIRE(::listen(made, 8) == 0);
    REQUIRE(::dup2(made, number) == number);
    ::close(made);
  }
  auto passed = PassedSockets::open(
      {.listen_pid = std::to_string(::getpid()), .listen_fds = "2", .listen_fdnames = "web:web"}, ::getpid(),
      first);
  REQUIRE(passed.has_value());
  Service service(std::move(*passed));
  static constexpr auto body = [](Service& on) -> Task<> {
    const Options wanted = listening({{"line", "systemd:web"}});
    CHECK(on.listeners.descriptors(wanted) == 4);
    Task<reactord::Result<Listeners::Change>> changing_5 = change(on, wanted);
    auto started = co_await std::move(changing_5);
    REQUIRE(started.has_value());
    CHECK(started->added.size() == 2);
    CHECK(on.listeners.descriptors(wanted) == 4);
    CHECK(on.listeners.descriptors(listening({{"line", ":0"}})) == 3);  // they stay open, wanted or not
    Task<> failing = let_fail(on, "@reactord-passed-200");
    co_await std::move(failing);
    Task<reactord::Result<Listeners::Change>> changing_6 = change(on, wanted);
    auto changed = co_await std::move(changing_6);
    REQUIRE(changed.has_value());
    REQUIRE(changed->added.size() == 1);
    CHECK(changed->added.front().address.text() == "@reactord-passed-200");
    CHECK(changed->removed.empty());
    for (const char* address : {"@reactord-passed-200", "@reactord-passed-201"}) {
      bool answered = false;
      Task<> connecting = connect(on, address, answered);
      co_await std::move(connecting);
      CHECK(answered);
    }
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service));
}

TEST_CASE("each passed socket is counted with the descriptor by which it is served") {
  const std::vector<ListenOption> wanted{{"line", "systemd:web"}, {"echo", "127.0.0.1:0"}};
  const std::vector<std::string> hundred(100, "web");
  CHECK(reactord::listening_descriptors(wanted, {}, hundred) == 201);
  CHECK(reactord::listening_descriptors(wanted, hundred, {}) == 201);
  CHECK(reactord::listening_descriptors({{"echo", "127.0.0.1:0"}}, hundred, {}) == 101);
  CHECK(reactord::listening_descriptors({{"echo", "127.0.0.1:0"}}, {}, hundred) == 1);  // those are closed
}

namespace {

using ChangeTask = Task<reactord::Result<Listeners::Change>>;

Task<> expect_change(Service& on, Options wanted, std::size_t added, std::size_t removed) {
  ChangeTask changing = change(on, std::move(wanted));
  auto changed = co_await std::move(changing);
  REQUIRE(changed.has_value());
  CHECK(changed->added.size() == added);
  CHECK(changed->removed.size() == removed);
}

Task<> expect_answer(Service& on, std::string address) {
  bool answered = false;
  Task<> connecting = connect(on, std::move(address), answered);
  co_await std::move(connecting);
  CHECK(answered);
}

// Sockets as systemd passes them, from `first` on, each an abstract name of its own.
PassedSockets pass_sockets(int first, const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t index = 0; index < names.size(); ++index) {
    const int number = first + static_cast<int>(index);
    const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage storage{};
    const auto address = reactord::Address::parse("unix:@reactord-handed-" + std::to_string(number));
    const unsigned length = address->to_socket_address(storage);
    REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&storage), length) == 0);
    REQUIRE(::listen(made, 8) == 0);
    REQUIRE(::dup2(made, number) == number);
    ::close(made);
    list += (list.empty() ? "" : ":") + names[index];
  }
  auto passed = PassedSockets::open({.listen_pid = std::to_string(::getpid()),
                                     .listen_fds = std::to_string(names.size()),
                                     .listen_fdnames = list},
                                    ::getpid(), first);
  REQUIRE(passed.has_value());
  return std::move(*passed);
}

}  // namespace

TEST_CASE("a reload opens a unix path anew whose file was removed, or has become another's") {
  Service service;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("s");
  static constexpr auto body = [](Service& on, std::string at) -> Task<> {
    const Options wanted = listening({{"line", "unix:" + at}});
    Task<> first = expect_change(on, wanted, 1, 0);
    co_await std::move(first);
    CHECK(::unlink(at.c_str()) == 0);
    Task<> second = expect_change(on, wanted, 1, 1);
    co_await std::move(second);
    Task<> asking = expect_answer(on, at);
    co_await std::move(asking);
    Task<> third = expect_change(on, wanted, 0, 0);
    co_await std::move(third);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, path));
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE(
    "a reload that can't open a unix path anew, because another's file is there, says so and changes "
    "nothing") {
  Service service;
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("s");
  static constexpr auto body = [](Service& on, std::string at) -> Task<> {
    const Options wanted = listening({{"line", "unix:" + at}});
    Task<> first = expect_change(on, wanted, 1, 0);
    co_await std::move(first);
    CHECK(::unlink(at.c_str()) == 0);
    auto other = reactord::listen(on.reactor, "unix", at);
    REQUIRE(other.has_value());
    ChangeTask changing = change(on, wanted);
    auto changed = co_await std::move(changing);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error().system_errno() == EADDRINUSE);
    CHECK(on.listeners.text() == "line@unix:" + at);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, path));
}

TEST_CASE("a listener that is removed while the server is full can be had back before it has closed") {
  Service service;
  reactord::Limits limits;
  limits.connections.most = 1;
  service.server.set_limits(limits);
  const test::TemporaryDirectory directory;
  static constexpr auto body = [](Service& on, std::string at) -> Task<> {
    const Options both = listening({{"line", "unix:" + at}, {"line", "unix:" + at + "2"}});
    const Options one = listening({{"line", "unix:" + at + "2"}});
    Task<> first = expect_change(on, both, 2, 0);
    co_await std::move(first);
    auto conn = co_await reactord::dial(on.reactor, "unix", at);
    REQUIRE(conn.has_value());
    while (on.server.open_connections() == 0) co_await on.reactor.next_turn();
    Task<> second = expect_change(on, one, 0, 1);
    co_await std::move(second);
    auto waiting = co_await reactord::dial(on.reactor, "unix", at);
    REQUIRE(waiting.has_value());
    for (int turn = 0; turn < 10; ++turn) co_await on.reactor.next_turn();
    Task<> third = expect_change(on, both, 1, 0);
    co_await std::move(third);
    auto closed = conn->close();
    CHECK(closed.has_value());
    auto sent = co_await waiting->write("x\n");
    std::string answer(10, ' ');
    auto read = co_await waiting->read(std::span(answer));
    CHECK(answer == "Server: x\n");
    auto ended = waiting->close();
    CHECK(ended.has_value());
    Task<> asking = expect_answer(on, at);
    co_await std::move(asking);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, directory.path("s")));
}

TEST_CASE("a reload that fails lets a listener that it had back close as before") {
  Service service;
  reactord::Limits limits;
  limits.connections.most = 1;
  service.server.set_limits(limits);
  const test::TemporaryDirectory directory;
  static constexpr auto body = [](Service& on, std::string at) -> Task<> {
    const ListenOption lasting{"line", "unix:" + at + "2"}, removed{"line", "unix:" + at};
    Task<> first = expect_change(on, listening({lasting, removed}), 2, 0);
    co_await std::move(first);
    auto conn = co_await reactord::dial(on.reactor, "unix", at);
    REQUIRE(conn.has_value());
    while (on.server.open_connections() == 0) co_await on.reactor.next_turn();
    Task<> second = expect_change(on, listening({lasting}), 0, 1);
    co_await std::move(second);
    ChangeTask changing = change(on, listening({lasting, removed, {"line", "unix:/nowhere/at/all"}}));
    auto changed = co_await std::move(changing);
    CHECK_FALSE(changed.has_value());
    CHECK(on.listeners.text() == "line@unix:" + at + "2");
    auto closed = conn->close();
    CHECK(closed.has_value());
    while (::access(at.c_str(), F_OK) == 0) co_await on.reactor.next_turn();
    Task<> asking = expect_answer(on, at + "2");
    co_await std::move(asking);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, directory.path("s")));
}

TEST_CASE(
    "a change of 3,000 listeners is spread over the turns of the loop, and clients are served meanwhile") {
  Service service;
  static constexpr auto body = [](Service& on) -> Task<> {
    constexpr std::size_t count = 3'000;
    std::vector<ListenOption> many{{"line", "unix:@reactord-many"}};
    for (std::size_t number = 1; number < count; ++number)
      many.push_back({"line", "unix:@reactord-many-" + std::to_string(number)});
    for (const bool all : {true, false, true}) {
      const std::uint64_t before = on.reactor.turns();
      ChangeTask changing = change(on, listening(all ? many : std::vector(many.begin(), many.begin() + 1)));
      auto changed = co_await std::move(changing);
      REQUIRE(changed.has_value());
      CHECK(changed->added.size() + changed->removed.size() >= count - 1);
      CHECK(on.reactor.turns() - before >= (count - 1) / Listeners::changes_per_turn);
      Task<> asking = expect_answer(on, "@reactord-many");
      co_await std::move(asking);
    }
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service));
}

TEST_CASE(
    "where sockets were passed and none has the name of a protocol, a start fails, and says what to do") {
  Service service(pass_sockets(210, {"web", "api"}));
  static constexpr auto body = [](Service& on) -> Task<> {
    ChangeTask changing = change(on, listening({}));
    auto changed = co_await std::move(changing);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error() == reactord::ErrorCode::invalid);
    CHECK(changed.error().text() ==
          "nothing to listen at: of the sockets that were passed (web, api) none has the name of a protocol "
          "(line, "
          "echo): write FileDescriptorName= in the socket unit, or listen = PROTOCOL@systemd:web");
  };
  test::run(service.reactor, body(service));
}

TEST_CASE(
    "a reload does not forget that sockets were passed: port 9090 is not opened for those that had no use") {
  Service service(pass_sockets(220, {"line", "web"}));
  static constexpr auto body = [](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({}), 1, 0);
    co_await std::move(first);
    CHECK(on.listeners.take_unused().size() == 1);
    Task<> second = expect_change(on, listening({}), 0, 0);
    co_await std::move(second);
    Task<> third = expect_change(on, listening({{"line", "unix:@reactord-instead"}}), 1, 1);
    co_await std::move(third);
    Task<> fourth = expect_change(on, listening({}), 1, 1);
    co_await std::move(fourth);
    Task<> asking = expect_answer(on, "@reactord-handed-220");
    co_await std::move(asking);
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service));
}

TEST_CASE("a listen option that leaves a passed socket without service is told") {
  Service service(pass_sockets(230, {"line"}));
  static constexpr auto body = [](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({}), 1, 0);
    co_await std::move(first);
    ChangeTask changing = change(on, listening({{"line", "unix:@reactord-other"}}));
    auto changed = co_await std::move(changing);
    REQUIRE(changed.has_value());
    REQUIRE(changed->unserved.size() == 1);
    CHECK(changed->unserved.front().option.passed_name() == "line");
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service));
}

namespace {

// Of change_to(), as a reload sees it.
enum class Outcome : std::uint8_t { done, refused, ran_out };

Task<Outcome> change_without(Service& on, std::size_t allocation, Options wanted, bool& was_enough) {
  Outcome outcome = Outcome::done;
  test::NoMemory refuse(allocation);
  try {
    ChangeTask changing = on.listeners.change_to(wanted);
    auto changed = co_await std::move(changing);
    if (!changed) outcome = Outcome::refused;
  } catch (const std::bad_alloc&) {
    outcome = Outcome::ran_out;
  }
  refuse.end();
  was_enough = refuse.refused() == 0;
  co_return outcome;
}

}  // namespace

TEST_CASE(
    "a change that runs out of memory, at whatever allocation, leaves no listener that the next one does not "
    "know") {
  const std::vector<ListenOption> before{
      {"line", "unix:@reactord-m1"}, {"line", "unix:@reactord-m2"}, {"line", "unix:@reactord-m3"}};
  const std::vector<ListenOption> after{
      {"echo", "unix:@reactord-m1"}, {"line", "unix:@reactord-m3"}, {"line", "unix:@reactord-m4"}};
  bool was_enough = false;
  for (std::size_t allocation = 0; !was_enough; ++allocation) {
    CAPTURE(allocation);
    Service service;
    static constexpr auto body = [](Service& on, std::size_t nth, std::vector<ListenOption> first,
                                    std::vector<ListenOption> second, bool& enough) -> Task<> {
      ChangeTask starting = change(on, listening(first));
      auto started = co_await std::move(starting);
      REQUIRE(started.has_value());
      Task<Outcome> changing = change_without(on, nth, listening(second), enough);
      auto outcome = co_await std::move(changing);
      if (!enough) CHECK(outcome != Outcome::done);
      co_await on.reactor.next_turn();  // an abstract name is free at the end of the turn
      for (const auto& wanted : {second, first}) {
        ChangeTask again = change(on, listening(wanted));
        auto changed = co_await std::move(again);
        CHECK_MESSAGE(changed.has_value(), changed.error().text());
        for (int turn = 0; turn < 4; ++turn) co_await on.reactor.next_turn();
      }
      for (const char* address : {"@reactord-m1", "@reactord-m2", "@reactord-m3"}) {
        Task<> asking = expect_answer(on, address);
        co_await std::move(asking);
      }
      auto gone = co_await reactord::dial(on.reactor, "unix", "@reactord-m4");
      CHECK_FALSE(gone.has_value());
      on.server.drain(1s);
    };
    test::run(service.reactor, body(service, allocation, before, after, was_enough));
  }
}

TEST_CASE("a listener that is had back gets the mode that it has by now") {
  Service service;
  reactord::Limits limits;
  limits.connections.most = 1;
  service.server.set_limits(limits);
  const test::TemporaryDirectory directory;
  static constexpr auto body = [](Service& on, std::string at) -> Task<> {
    const ListenOption lasting{"line", "unix:" + at + "2"};
    ListenOption open{"line", "unix:" + at, {.mode = 0666}}, closed{"line", "unix:" + at, {.mode = 0600}};
    Task<> first = expect_change(on, listening({lasting, open}), 2, 0);
    co_await std::move(first);
    auto conn = co_await reactord::dial(on.reactor, "unix", at);
    REQUIRE(conn.has_value());
    while (on.server.open_connections() == 0) co_await on.reactor.next_turn();
    Task<> second = expect_change(on, listening({lasting}), 0, 1);
    co_await std::move(second);
    Task<> third = expect_change(on, listening({lasting, closed}), 1, 0);
    co_await std::move(third);
    struct stat file {};
    CHECK(::stat(at.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    auto ended = conn->close();
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service, directory.path("s")));
}

TEST_CASE("a passed socket that was closed at the start is told as what it is") {
  Service service(pass_sockets(240, {"line", "web"}));
  static constexpr auto body = [](Service& on) -> Task<> {
    Task<> first = expect_change(on, listening({}), 1, 0);
    co_await std::move(first);
    CHECK(on.listeners.take_unused().size() == 1);
    ChangeTask changing = change(on, listening({{"line", "systemd:web"}}));
    auto changed = co_await std::move(changing);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error().text() ==
          "line@systemd:web: it was closed at the start, when nothing wanted it: restart, and it is passed "
          "again");
    on.server.drain(1s);
  };
  test::run(service.reactor, body(service));
}
