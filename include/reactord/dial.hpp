// dial(): connects. Go's net.Dialer.
//
//     auto conn = co_await dial(reactor, "tcp", "example.com:80", {.timeout = 5s});
//
// A name with several addresses is dialled as Happy Eyeballs Version 2 (RFC 8305) has it: families interleaved, the
// next address after `attempt_delay` or as soon as one has failed, the first connection wins, the others are closed.
//
//     0 ms     250 ms    500 ms
//     [2001:db8::1]:80 ........................ too late: closed
//              192.0.2.1:80 ..... connected
//                        (never begun)
//
// Errors, as Go prints them: "dial tcp 127.0.0.1:1: connect: connection refused", "dial tcp: lookup nowhere.invalid: no
// such host", "dial tcp 192.0.2.1:80: i/o timeout". Of several attempts the first failure is told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reactord/conn.hpp"
#include "reactord/context.hpp"
#include "reactord/resolver.hpp"
#include "reactord/stream_options.hpp"
#include "reactord/task.hpp"

namespace reactord {

struct DialOptions {
  static constexpr Duration default_attempt_delay = 250ms;  // RFC 8305, section 5
  static constexpr std::size_t attempts_at_once = 8;        // then the next waits for a failure

  // The whole of it, names included: the earliest of the three ends it. What ends after the connection is there does
  // not touch it any more.
  std::optional<Duration> timeout = {};  // none: until the kernel gives up; zero or less fails at once
  Time deadline = Time::never();
  Context* context = nullptr;  // must live until the dial has ended

  Duration attempt_delay =
      default_attempt_delay;  // less than zero: one after the other, each with its share of the time
  std::optional<Address> local_address = {};  // where to dial from; port 0: the kernel chooses
  StreamOptions stream = {};
  Resolver* resolver = nullptr;  // null: Resolver::system(); must live until the dial has ended

  // Called after socket(2) and before bind(2) and connect(2), for options that are not here. `network` is tcp4, tcp6 or
  // unix. An error ends that attempt with it.
  std::function<Result<void>(int fd, Network network, const Address& address)> before_connect = {};
};

// `network` is "tcp", "tcp4", "tcp6" or "unix". `address` is host:port, the host numeric, a name, or empty: this
// machine; or a unix path or @name. Suspends until there is a connection or a failure. Errors: invalid, lookup_failed,
// cancelled, deadline_exceeded, system.
Task<Result<Conn>> dial(Reactor& reactor, std::string network, std::string address, DialOptions options = {});

// The same for an address that is known, a listener's perhaps.
Task<Result<Conn>> dial(Reactor& reactor, Address address, DialOptions options = {});

// When an attempt must end if it and those after it, `left` in all, are to have equal shares of the time until
// `deadline`: but no sooner than in two seconds, nor later than `deadline`, and then too if that has passed. For attempts
// one after the other.
Time partial_deadline(Time now, Time deadline, std::size_t left) noexcept;

// Families take turns, beginning with that of the first address; within each the order stays (RFC 8305, section 4).
std::vector<Address> interleave(std::vector<Address> addresses);

}  // namespace reactord
