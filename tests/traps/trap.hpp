// What the trap tests share beyond support/loopback.hpp: waiting for the kernel itself, and looking at a Conn
// from outside.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/server.hpp"
#include "support/loopback.hpp"

namespace traps {

using namespace reactord;
using test::Peer;
using test::Transport;

// Waits until the kernel has carried over what the other end did, and reports one of `events` (of poll(2)).
inline void settle(int fd, short events) {
  pollfd request{fd, events, 0};
  constexpr int far_too_long = 10'000;
  REQUIRE(::poll(&request, 1, far_too_long) == 1);
  REQUIRE((request.revents & events) != 0);
}

// Waits until the kernel has received `count` bytes for `conn`.
inline void settle(const Conn& conn, std::size_t count) {
  while (conn.unread() < count) ::sched_yield();
}

// The number of the descriptor of `conn`, by its two addresses. For a unix socket: of the only one its
// listener accepted.
inline int descriptor_of(const Conn& conn) {
  constexpr int enough = 4096;
  for (int fd = 0; fd < enough; ++fd) {
    sockaddr_storage storage{};
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    socklen_t length = sizeof storage;
    if (::getpeername(fd, address, &length) != 0) continue;
    if (Address::from_socket_address(storage, length) != conn.remote_addr()) continue;
    length = sizeof storage;
    if (::getsockname(fd, address, &length) != 0) continue;
    if (Address::from_socket_address(storage, length) == conn.local_addr()) return fd;
  }
  FAIL("the connection has no descriptor");
  return -1;
}

// The peer resets, and our kernel has heard of it.
inline void reset(test::Link& link) {
  const int fd = descriptor_of(link.conn);
  link.peer.reset();
  settle(fd, POLLERR | POLLHUP);
}

// The peer finishes, and our kernel has heard of it.
inline void finish(test::Link& link) {
  const int fd = descriptor_of(link.conn);
  link.peer.finish();
  settle(fd, POLLRDHUP);
}

inline Listener listen_at(Reactor& reactor, const char* address = "127.0.0.1:0", ListenOptions options = {}) {
  auto parsed = Address::parse(address);
  REQUIRE(parsed.has_value());
  auto listener = reactord::listen(reactor, *parsed, std::move(options));
  REQUIRE(listener.has_value());
  return std::move(*listener);
}

// What a coroutine met, for the test to judge once the loop has ended.
struct Seen {
  std::string bytes;
  bool ended = false;  // the coroutine has come to its end
  ErrorCode code{};    // of the last error
  int number = 0;      // its errno
  std::uint64_t turn = 0;

  void note(const Error& error) {
    code = error.code();
    number = error.system_errno();
  }
};

// Reads to the end, `piece` bytes at a time.
inline Task<> read_all(Conn& conn, Seen& seen, std::size_t piece = 4096) {
  std::string room(piece, '\0');
  while (true) {
    auto count = co_await conn.read(std::span(room));
    seen.turn = conn.reactor().turns();
    if (!count) {
      seen.note(count.error());
      break;
    }
    seen.bytes.append(room, 0, *count);
  }
  seen.ended = true;
}

// Compares without printing a megabyte where it fails.
inline bool same(std::string_view left, std::string_view right) {
  if (left == right) return true;
  const auto length = static_cast<std::ptrdiff_t>(std::min(left.size(), right.size()));
  const auto [first, second] = std::mismatch(left.begin(), left.begin() + length, right.begin());
  MESSAGE(left.size() << " and " << right.size() << " bytes, different from " << first - left.begin());
  return false;
}

// Bytes that are recognizable at every offset: a running number in eight digits.
inline std::string numbered(std::size_t size) {
  std::string bytes;
  for (std::size_t number = 0; bytes.size() < size; ++number) {
    const std::string digits = std::to_string(number);
    bytes.append(8 - digits.size(), '0').append(digits);
  }
  bytes.resize(size);
  return bytes;
}

// Keeps how each connection ended, and drains its server after the last one it expects.
struct Watcher final : ServerObserver {
  explicit Watcher(std::size_t connections = 1) : expected(connections) {}
  void on_closed(const ConnectionEnd& end) override {
    cause = end.cause;
    error = end.error;
    lines = end.lines;
    bytes_read = end.bytes_read;
    if (--expected == 0) server->drain(10s);
  }
  std::size_t expected;
  Server* server = nullptr;
  EndCause cause{};
  int error = 0;
  std::uint64_t lines = 0;
  std::uint64_t bytes_read = 0;
};

}  // namespace traps
