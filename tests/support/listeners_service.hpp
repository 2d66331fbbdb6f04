// Service: listeners and a Server as the daemon puts them together, on a clock that jumps, with clients and reloads.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "daemon/listeners.hpp"
#include "reactord/dial.hpp"
#include "support/fail_next.hpp"
#include "support/loopback.hpp"
#include "support/reactord_program.hpp"

namespace test::service {

using namespace reactord;
using namespace std::chrono_literals;

// Sockets as systemd passes them, from `first` on, far from what the program itself has open. Each has an abstract name
// of its own.
inline PassedSockets pass_sockets(int first, const std::vector<std::string>& names) {
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

// A service as the daemon puts it together, on a clock that jumps.
struct Service : test::Stage, reactord::ServerObserver {
  Service() : listeners(reactor, server, {}, nullptr) {}
  Service(int first, const std::vector<std::string>& passed_names)
      : listeners(reactor, server, pass_sockets(first, passed_names), nullptr) {}

  void on_listener_failed(ListenerId id, const Error&) override {
    if (const auto gone = listeners.forget(id)) failed.push_back(gone->option.text());
  }

  std::vector<std::string> failed;
  reactord::Server server{reactor, {.limits = {}, .observer = this}};
  Listeners listeners;
};

inline Options listening(std::vector<ListenOption> listen) {
  Options options(test::reactord_program());
  options.listen = std::move(listen);
  return options;
}

using ChangeTask = Task<Result<Listeners::Change>>;

inline ChangeTask change(Service& on, Options wanted) {
  ChangeTask changing = on.listeners.change_to(wanted);
  auto changed = co_await std::move(changing);
  co_return changed;
}

// Until so many listeners have failed, of what accept(2) never should answer.
inline Task<> let_fail(Service& on, std::string address, std::size_t count = 1) {
  FailNext fail(Call::accept, EINVAL, static_cast<unsigned>(count) * Listener::failed_accepts);
  auto poke = co_await reactord::dial(on.reactor, "unix", address);
  while (on.failed.size() < count) {
    auto slept = co_await on.reactor.sleep(1s);
    CHECK(slept.has_value());
  }
  CHECK(fail.happened());
}

inline Task<> connect(Service& on, std::string address, bool& answered) {
  auto conn = co_await reactord::dial(on.reactor, "unix", address);
  if (!conn) co_return;
  auto sent = co_await conn->write("x\n");
  std::string answer(10, ' ');
  auto read = co_await conn->read(std::span(answer));
  answered = read.has_value() && answer == "Server: x\n";
}

inline Task<> expect_change(Service& on, Options wanted, std::size_t added, std::size_t removed) {
  ChangeTask changing = change(on, std::move(wanted));
  auto changed = co_await std::move(changing);
  REQUIRE(changed.has_value());
  CHECK(changed->added.size() == added);
  CHECK(changed->removed.size() == removed);
}

inline Task<> expect_answer(Service& on, std::string address) {
  bool answered = false;
  Task<> connecting = connect(on, std::move(address), answered);
  co_await std::move(connecting);
  CHECK(answered);
}

}  // namespace test::service
