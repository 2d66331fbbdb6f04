// EndCause: why a connection of a Server ended. Each connection has one, counted and logged.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reactord {

enum class EndCause : std::uint8_t {
  eof,            // the peer finished, and everything it sent was answered
  finished,       // the protocol ended the connection
  reset,          // the peer reset the connection
  idle,           // no complete line (for a stream: no byte either way) arrived within the idle timeout
  slow_line,      // a line that began was not complete within the line timeout
  slow_reader,    // the peer acknowledged no output within the write timeout, or too much output waited
  no_answer,      // the program that serves it gave no answer in time
  lifetime,       // the lifetime passed, and everything received before was answered
  line_too_long,  // a line exceeded max_line; the peer was told so
  over_limit,     // connections or buffered bytes exceeded a limit; the peer is told so where it can be
  over_rate,      // new connections exceeded a rate; the peer was told so
  proxy_header,   // a PROXY protocol header came where none is expected, and was not answered
  drained,        // the server drained, and everything received before was answered
  killed,         // the server was killed, or the drain took too long
  error,          // another errno (ConnectionEnd::error), or an exception left its handler (HandlerFailure)
};
inline constexpr std::size_t end_causes = 15;
const char* to_string(EndCause cause) noexcept;  // the name in the log: "slow-reader"

}  // namespace reactord
