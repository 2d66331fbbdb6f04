// Listeners of the daemon: what they are after one of them has failed, and how many descriptors they need.
#include "daemon/listeners.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "reactord/dial.hpp"
#include "support/fail_next.hpp"
#include "support/loopback.hpp"

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
    auto first = on.listeners.change_to(wanted);
    REQUIRE(first.has_value());
    Task<> failing = let_fail(on, "@reactord-failed-listener");
    co_await std::move(failing);
    CHECK(on.failed == std::vector<std::string>{"line@unix:@reactord-failed-listener"});
    CHECK(on.listeners.text().empty());
    for (int reload = 0; reload < 2; ++reload) {
      auto changed = on.listeners.change_to(wanted);
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
    auto first = on.listeners.change_to(listening({{"line", "unix:@reactord-failed-other"}}));
    REQUIRE(first.has_value());
    Task<> failing = let_fail(on, "@reactord-failed-other");
    co_await std::move(failing);
    for (const char* protocol : {"echo", "line", "echo"}) {
      auto changed = on.listeners.change_to(listening({{protocol, "unix:@reactord-failed-other"}}));
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
    auto started = on.listeners.change_to(wanted);
    REQUIRE(started.has_value());
    CHECK(started->added.size() == 2);
    CHECK(on.listeners.descriptors(wanted) == 4);
    CHECK(on.listeners.descriptors(listening({{"line", ":0"}})) == 3);  // they stay open, wanted or not
    Task<> failing = let_fail(on, "@reactord-passed-200");
    co_await std::move(failing);
    auto changed = on.listeners.change_to(wanted);
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
