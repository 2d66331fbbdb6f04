// HttpRequest: the head of a request of HTTP/1.0 or 1.1 (RFC 9112), read from the bytes that have come.
//
//     GET /metrics?x=1 HTTP/1.1\r\n        method, path (without what is behind ?), whether the connection goes on
//     Accept: text/plain\r\n               accept
//     \r\n
//     GET / HT                             the next one: not looked at, HttpParse::length ends before it
//
// Lines may end with a newline alone. One empty line in front is skipped. Host is not needed. A request with a body is refused,
// so nothing behind a head is ever taken for anything but the next request. Pure: it keeps nothing between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/http_status.hpp"

namespace reactord {

struct HttpRequest {
  static constexpr std::size_t longest_line = 2 * 1024;  // bytes of the first line, with its end
  static constexpr std::size_t longest_head = 8 * 1024;  // bytes of all of it
  static constexpr std::size_t longest_method = 16;

  enum class Method : std::uint8_t { get, head, other };

  Method method = Method::get;
  std::string path;
  std::string accept;       // all values of Accept, with commas between
  bool keeps_open = false;  // the client wants to send another one on this connection
  bool is_of_1_0 = false;   // a client that has to be told that the connection stays open
};

struct HttpParse {
  enum class State : std::uint8_t {
    incomplete,  // more bytes are needed
    complete,    // `request` is there
    refused,     // `status` and `why` say why; nothing can be read behind it
  };

  State state = State::incomplete;
  std::size_t length = 0;  // of a complete one, in bytes
  HttpRequest request = {};
  HttpStatus status = HttpStatus::ok;
  std::string_view why = {};  // a sentence for the client: what would be right
};

// Reads the first request of `input`. More bytes behind it change neither a complete nor a refused result.
HttpParse parse_http_request(std::string_view input);

// Says whether a client that sends this Accept wants OpenMetrics rather than the text format of Prometheus.
bool wants_open_metrics(std::string_view accept) noexcept;

}  // namespace reactord
