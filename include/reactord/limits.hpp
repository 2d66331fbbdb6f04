// Limits: what a Server lets its clients take, of time, of memory, of connections. Every one of them has a defined end
// and a name in the log. The defaults are for the open internet; zero means none, where nothing else is said. What can't
// be is taken as the nearest that can, whenever a Server is given it: within_reason().
//
//     too slow        idle_timeout    between two lines                              EndCause::idle
//                     line_timeout    from a line's first byte to its newline        EndCause::slow_line
//                     drain_line_timeout   the same, from the beginning of a drain   EndCause::drained
//                     write_timeout   no byte acknowledged while some wait for it    EndCause::slow_reader
//                     lifetime        from its accept on                             EndCause::lifetime
//     too much        max_line        answered, cut, or left out                     EndCause::line_too_long
//                     output          bytes that wait for one peer                   EndCause::slow_reader
//                     max_buffers     bytes that wait for, or are left of, all       EndCause::over_limit
//     too many        connections     at once, of all and of one address             EndCause::over_limit
//                     accepts         in a second, of all and of one address         EndCause::over_rate
//
// All of them hold for a LineHandler, and for a StreamHandler that reads with a LineReader. Where one reads bytes with
// Conn::read(), nobody but itself knows where a line begins: line_timeout, max_line and long_lines then do not hold, and a
// trickle of bytes is no silence. Such a handler sets deadlines and bounds of its own, and says what they ended with
// end_as(). Memory that is its own, such as a span it reads into or what a suspended write has not handed on yet, is not
// counted: max_buffers knows the connection's output, the LineReaders, and the Buffer that a read waits to fill. Its
// output never reaches output.hard, for its writes wait at output.high.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reactord/time.hpp"

namespace reactord {

// What becomes of a connection that comes on top of a limit.
enum class OverLimit : std::uint8_t {
  defer,   // it waits: in the kernel's queue; where its address counts, accepted and not yet served
  reject,  // it is told why in one line, and closed in order
};

struct CountLimit {
  std::size_t most = 0;  // 0: no limit
  OverLimit then = OverLimit::reject;
  bool operator==(const CountLimit&) const = default;
};

// A token bucket: `burst` at once after a quiet time, and `per_second` in the long run.
struct RateLimit {
  std::uint32_t per_second = 0;  // 0: no limit
  std::uint32_t burst = 0;       // 0: as many as per_second
  OverLimit then = OverLimit::reject;
  bool operator==(const RateLimit&) const = default;
};

// What becomes of a line that is longer than max_line.
enum class LongLine : std::uint8_t {
  close,     // answered "ERR line too long (max N)", then the connection is closed in order
  truncate,  // the protocol is given its first max_line - 1 bytes
  discard,   // answered "ERR line too long (max N)" in the place of the protocol's answer
};

// Bytes answered and not yet taken by the kernel, for one connection.
struct OutputLimits {
  std::size_t high = 64 * 1024;    // above: no further line is served
  std::size_t low = 16 * 1024;     // until so few are left
  std::size_t hard = 1024 * 1024;  // above: the connection is given up. 0: no limit
  bool operator==(const OutputLimits&) const = default;
};

struct Limits {
  Duration idle_timeout = 60s;  // of a stream: no byte either way
  // Not renewed by a trickle of bytes; while it runs, idle_timeout does not. Zero: a line that has begun counts as
  // silence.
  Duration line_timeout = 10s;
  // At a drain, a line that has begun must be complete by then, if its line_timeout is not over before. Zero: it has its
  // line_timeout.
  Duration drain_line_timeout = 5s;
  // The peer has acknowledged nothing for so long, while bytes wait for it that the kernel does not take. Who reads,
  // however slowly, is not ended by it. Noticed a sixty-fourth of it late at the usual worst. Zero: none while it is open,
  // Conn::send_timeout once it closes.
  Duration write_timeout = 30s;
  // What was received by then is answered: who takes his answers slowly, but takes them, stays until he has them.
  Duration lifetime = 0s;
  unsigned lifetime_jitter_percent =
      10;  // each connection's is so much shorter at most, lest all come back at once

  std::size_t max_line = 64 * 1024;  // its newline included; at least 2
  LongLine long_lines = LongLine::close;
  OutputLimits output = {};
  // The sum over all connections of the server, input and output. Above it, or where the allocator has no memory for them
  // before that, those that hold most are closed, and give it back at once: but for a line that a LineReader has handed
  // out, which stays until its handler has run.
  std::size_t max_buffers = 256 * 1024 * 1024;

  // All sockets that the server holds for clients count, those too that are about to close.
  CountLimit connections = {.most = 0, .then = OverLimit::defer};
  CountLimit connections_per_address = {};
  RateLimit accepts = {.per_second = 0, .burst = 0, .then = OverLimit::defer};
  RateLimit accepts_per_address = {};
  // So many leading bits of an IPv6 address are one client: a home or a host is given a /64 (RFC 6177). Ranges where a /64
  // holds many, link-local addresses among them, count as address_table.hpp lists them. A unix client is counted by its
  // user.
  unsigned ip6_prefix = 64;

  Duration stall_threshold = 100ms;  // a handler that holds the loop for longer is reported

  bool operator==(const Limits&) const = default;
};

// `wanted` as it holds: no time is negative, max_line from 2 to 2^30, output.high from 1 to 2^30 and at most output.hard,
// output.low at most output.high, lifetime_jitter_percent at most 100, ip6_prefix at most 128.
Limits within_reason(const Limits& wanted) noexcept;

}  // namespace reactord
