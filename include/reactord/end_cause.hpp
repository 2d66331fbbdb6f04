// EndCause: why a connection of a Server ended. Each connection has one, counted and logged.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reactord {

enum class EndCause : std::uint8_t {
  eof,            // the peer finished, and everything it sent was answered
  finished,       // the protocol ended it
  reset,          // the peer broke it off
  idle,           // no complete line (of a stream: no byte either way) within the idle timeout
  slow_line,      // a line that began was not complete within the line timeout
  slow_reader,    // the peer took nothing of what waited for it within the write timeout, or too much waited
  lifetime,       // it had its time, and everything received before was answered
  line_too_long,  // the peer was told so
  over_limit,  // more connections, or more buffered bytes, than there may be; the peer was told so where it listens
  over_rate,     // more new connections in a second than there may be; the peer was told so
  proxy_header,  // a header of the PROXY protocol came where none is expected, and was not answered
  drained,       // the server went down, everything received before was answered
  killed,        // the server went down at once, or the drain took too long
  error,  // something else, see ConnectionEnd::error; or an exception left its handler, see HandlerFailure
};
inline constexpr std::size_t end_causes = 14;
const char* to_string(EndCause cause) noexcept;  // as in the log: "slow-reader"

}  // namespace reactord
