// NotifyStage: a service manager that hears the datagrams of a Notifier, on a virtual clock.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "daemon/notify.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

namespace test::notifying {

using namespace reactord;
using namespace std::chrono_literals;

using Datagrams = std::vector<std::string>;

inline constexpr pid_t self = 4711;

inline test::Descriptor datagram_socket() {
  test::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  REQUIRE(socket.get() >= 0);
  return socket;
}

// The manager: a datagram socket at `name`, a path or @name. An abstract one is chosen by the kernel.
class Manager {
 public:
  explicit Manager(const std::string& name) {
    const auto address = Address::parse(reactord::Network::unix_socket, name);
    REQUIRE(address.has_value());
    length_ = address->to_socket_address(storage_);
    REQUIRE(::bind(socket_.get(), where(), length_) == 0);
    length_ = sizeof storage_;
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage_), &length_) == 0);
  }

  std::string name() const { return Address::from_socket_address(storage_, length_).text(); }
  void close() { socket_.close(); }

  Datagrams heard() {
    Datagrams all;
    std::array<char, 4096> bytes{};
    while (true) {
      const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (count < 0) return all;
      all.emplace_back(bytes.data(), static_cast<std::size_t>(count));
    }
  }

  std::string hear_one() {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    return count < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(count));
  }

  // Others have sent so much that there is room for nothing more. Each sender has a bound of its own.
  void fill() {
    for (int sender = 0; sender < 1000; ++sender) {
      const test::Descriptor other = datagram_socket();
      std::size_t sent = 0;
      while (::sendto(other.get(), "X=1", 3, 0, where(), length_) == 3) ++sent;
      if (sent == 0) return;
    }
    FAIL("the queue takes everything");
  }

 private:
  const sockaddr* where() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
  test::Descriptor socket_ = datagram_socket();
};

struct NotifyStage : test::Stage {
  Manager manager{"@"};
  std::vector<std::string> failures;

  NotifyEnvironment environment(const char* watchdog_usec = nullptr) const {
    NotifyEnvironment all{.notify_socket = manager.name()};
    if (watchdog_usec != nullptr) all.watchdog_usec = watchdog_usec;
    return all;
  }
  Notifier::OnFailure remember() {
    return [this](const Error& error) { failures.push_back(error.text()); };
  }
};

inline Task<> sleep(Reactor& reactor, reactord::Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

inline void pass(NotifyStage& stage, reactord::Duration duration) {
  test::run(stage.reactor, sleep(stage.reactor, duration));
}

}  // namespace test::notifying
