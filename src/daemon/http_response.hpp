// HttpResponse: an answer of the HTTP server of the metrics, as it is sent. Its length is told in front, so that a connection may
// go on behind it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "daemon/http_request.hpp"
#include "daemon/http_status.hpp"

namespace reactord {

struct HttpResponse {
  static constexpr std::string_view plain_text = "text/plain; charset=utf-8";

  HttpStatus status = HttpStatus::ok;
  std::string type = std::string(plain_text);
  std::string body = {};
  bool keeps_open = false;  // another request may follow

  // The bytes that answer `request` at that time: without the body where it has asked for the head alone, which has the length
  // of the body all the same.
  std::string text(const HttpRequest& request, std::chrono::system_clock::time_point now) const;
};

}  // namespace reactord
