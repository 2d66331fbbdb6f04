// Limits: how much time, memory and how many connections a Server gives its clients. Every limit has a defined end and
// a name in the log. The defaults are for the open internet. Zero means no limit, unless stated otherwise. A Server
// takes an impossible value as the nearest possible one: within_reason().
//
//     too slow        idle_timeout    between two lines                              EndCause::idle
//                     line_timeout    from a line's first byte to its newline        EndCause::slow_line
//                     drain_line_timeout   the same, from the beginning of a drain   EndCause::drained
//                     write_timeout   no byte acknowledged while output waits        EndCause::slow_reader
//                     lifetime        from its accept on                             EndCause::lifetime
//     too much        max_line        answered, cut, or left out                     EndCause::line_too_long
//                     output          bytes that wait for one peer                   EndCause::slow_reader
//                     max_buffers     bytes buffered for all peers, in and out       EndCause::over_limit
//     too many        connections     at once, of all and of one address             EndCause::over_limit
//                     accepts         in a second, of all and of one address         EndCause::over_rate
//
// All limits hold for a LineHandler, and for a StreamHandler that reads with a LineReader. When a StreamHandler reads
// bytes with Conn::read(), the server does not know where a line begins: line_timeout, max_line and long_lines do not
// hold, and a trickle of bytes renews idle_timeout. Such a handler sets its own deadlines and bounds, and names their
// EndCause with end_as(). Its own memory, such as a span it reads into or the unsent part of a suspended write, is not
// counted: max_buffers counts the connection's output, the LineReaders, and the Buffer that a read waits to fill. Its
// output never reaches output.hard, because its writes wait at output.high.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reactord/line_splitter.hpp"
#include "reactord/time.hpp"

namespace reactord {

// The treatment of a connection beyond a limit.
enum class OverLimit : std::uint8_t {
  defer,   // it waits in the kernel's queue; under a limit per address it waits accepted and not yet served
  reject,  // it is told why in one line, and closed in order
};

struct CountLimit {
  std::size_t most = 0;  // 0: no limit
  OverLimit then = OverLimit::reject;
  bool operator==(const CountLimit&) const = default;
};

// A token bucket: `burst` at once after a quiet time, `per_second` in the long run.
struct RateLimit {
  std::uint32_t per_second = 0;  // 0: no limit
  std::uint32_t burst = 0;       // 0: as many as per_second
  OverLimit then = OverLimit::reject;
  bool operator==(const RateLimit&) const = default;
};

// The bytes of output that the kernel has not taken yet, for one connection.
struct OutputLimits {
  std::size_t high = 64 * 1024;    // above: no further line is served (backpressure)
  std::size_t low = 16 * 1024;     // at or below: lines are served again
  std::size_t hard = 1024 * 1024;  // above: the connection is given up; 0: no limit
  bool operator==(const OutputLimits&) const = default;
};

struct Limits {
  Duration idle_timeout = 60s;  // for a stream: no byte either way
  // A trickle of bytes does not renew it. idle_timeout does not run while it runs. Zero: idle_timeout runs on while a
  // line is incomplete.
  Duration line_timeout = 10s;
  // The time from the beginning of a drain to the end of a line that had begun, unless line_timeout ends before.
  // Zero: line_timeout alone holds.
  Duration drain_line_timeout = 5s;
  // The time in which the peer acknowledges nothing while bytes wait for it that the kernel does not take. A peer that
  // reads, however slowly, is not ended by it. It is usually noticed at most 1/64 of itself late. Zero: none while the
  // connection is open, Conn::send_timeout once it closes.
  Duration write_timeout = 30s;
  // Everything received before it passes is answered: a peer that takes its answers slowly stays until it has them.
  Duration lifetime = 0s;
  // Each connection's lifetime is shortened by at most this share, so that clients do not all reconnect at once.
  unsigned lifetime_jitter_percent = 10;

  std::size_t max_line = 64 * 1024;  // bytes, including the newline; at least 2
  LongLine long_lines = LongLine::close;
  OutputLimits output = {};
  // The sum over all connections of the server, input and output. Above it, or when the allocator fails before that,
  // the connections that hold most are evicted. They release their buffers at once, except a line that a LineReader has
  // handed out, which stays until its handler has run.
  std::size_t max_buffers = 256 * 1024 * 1024;

  // Counts all sockets that the server holds for clients, including those that are about to close.
  CountLimit connections = {.most = 0, .then = OverLimit::defer};
  CountLimit connections_per_address = {};
  RateLimit accepts = {.per_second = 0, .burst = 0, .then = OverLimit::defer};
  RateLimit accepts_per_address = {};
  // The number of leading bits of an IPv6 address that identify a client: a home or a host is given a /64 (RFC 6177).
  // Ranges where a /64 holds many clients, such as link-local addresses, count as client_key.hpp lists them. A unix
  // client is counted by its user id.
  unsigned ip6_prefix = 64;

  Duration stall_threshold = 100ms;  // a handler that blocks the loop for longer is reported

  bool operator==(const Limits&) const = default;
};

// `wanted` with each value in its range: no time is negative, max_line is 2 to 2^30, output.high is 1 to 2^30 and at
// most output.hard, output.low is at most output.high, lifetime_jitter_percent at most 100, ip6_prefix at most 128.
Limits within_reason(const Limits& wanted) noexcept;

}  // namespace reactord
