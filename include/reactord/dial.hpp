// dial(): connects. Go's net.Dialer.
//
//     auto conn = co_await dial(reactor, "tcp", "example.com:80", {.timeout = 5s});
//
// A name with several addresses is dialled by Happy Eyeballs Version 2 (RFC 8305). Families are interleaved. The next
// address is tried after `attempt_delay` or as soon as an attempt has failed. The first connection wins, the others are
// closed.
//
//     0 ms     250 ms    500 ms
//     [2001:db8::1]:80 ........................ too late: closed
//              192.0.2.1:80 ..... connected
//                        (never begun)
//
// Errors, as Go prints them: "dial tcp 127.0.0.1:1: connect: connection refused", "dial tcp: lookup nowhere.invalid: no
// such host", "dial tcp 192.0.2.1:80: i/o timeout". When all attempts fail, the error is the first one's.
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

  // The earliest of the three ends the dial, lookups included. None of them affects the connection afterwards.
  std::optional<Duration> timeout = {};  // none: until the kernel gives up; zero or less fails at once
  Time deadline = Time::never();
  Context* context = nullptr;  // must live until the dial has ended

  // Less than zero: one attempt after the other, each with its share of the time.
  Duration attempt_delay = default_attempt_delay;
  std::optional<Address> local_address = {};  // the source address; port 0: the kernel chooses
  StreamOptions stream = {};
  Resolver* resolver = nullptr;  // null: Resolver::system(); must live until the dial has ended

  // Called after socket(2) and before bind(2) and connect(2), for options that are not here. `network` is tcp4, tcp6 or
  // unix. An error that it returns fails the attempt.
  std::function<Result<void>(int fd, Network network, const Address& address)> before_connect = {};
};

// `network` is "tcp", "tcp4", "tcp6" or "unix". `address` is host:port, a unix path or @name. The host is numeric, a
// name, or empty: this machine. Suspends until there is a connection or a failure. Errors: invalid, lookup_failed,
// cancelled, deadline_exceeded, system.
Task<Result<Conn>> dial(Reactor& reactor, std::string network, std::string address, DialOptions options = {});

// The same for a known address, for example that of a listener.
Task<Result<Conn>> dial(Reactor& reactor, Address address, DialOptions options = {});

// The deadline of one attempt when attempts follow one another. This attempt and the later ones, `left` in all, get equal
// shares of the time until `deadline`, but at least two seconds. Result: at most `deadline`, and `deadline` itself if it
// has passed.
Time partial_deadline(Time now, Time deadline, std::size_t left) noexcept;

// Orders addresses so that the families alternate, beginning with that of the first address. The order within a family
// stays (RFC 8305, section 4).
std::vector<Address> interleave(std::vector<Address> addresses);

}  // namespace reactord
