// HttpStatus: how the HTTP server of the metrics answers: RFC 9110, section 15.
#pragma once

#include <cstdint>
#include <string_view>

namespace reactord {

enum class HttpStatus : std::uint16_t {
  ok = 200,
  bad_request = 400,         // it is no request of HTTP/1.0 or 1.1, or its body has no known length
  not_found = 404,           // there is no such page
  method_not_allowed = 405,  // pages are read only: GET and HEAD
  content_too_large = 413,   // it has a body, which no page takes
  uri_too_long = 414,        // its first line is too long
  head_too_large = 431,      // all of its header is
  unavailable = 503,         // the page could not be made: memory has run out, or the daemon ends
};

constexpr std::string_view reason_of(HttpStatus status) noexcept {
  switch (status) {
    case HttpStatus::ok:
      return "OK";
    case HttpStatus::bad_request:
      return "Bad Request";
    case HttpStatus::not_found:
      return "Not Found";
    case HttpStatus::method_not_allowed:
      return "Method Not Allowed";
    case HttpStatus::content_too_large:
      return "Content Too Large";
    case HttpStatus::uri_too_long:
      return "URI Too Long";
    case HttpStatus::head_too_large:
      return "Request Header Fields Too Large";
    case HttpStatus::unavailable:
      return "Service Unavailable";
  }
  return "Unknown";
}

}  // namespace reactord
