#include "daemon/http_response.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace reactord {
namespace {

// A browser loads nothing for a page but from where the page is from, and shows it within no other.
constexpr std::string_view content_policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// "Sat, 31 Jan 2026 12:00:00 GMT", whatever the locale: RFC 9110, section 5.6.7.
std::string date_text(std::chrono::system_clock::time_point now) {
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                   months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                                   parts.tm_hour, parts.tm_min, parts.tm_sec);
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace

std::string HttpResponse::text(const HttpRequest& request, std::chrono::system_clock::time_point now) const {
  std::string text = "HTTP/1.1 " + std::to_string(static_cast<int>(status)) + ' ';
  text.append(reason_of(status)).append("\r\nDate: ").append(date_text(now));
  text.append("\r\nContent-Type: ").append(type);
  text.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  if (status == HttpStatus::method_not_allowed) text.append("\r\nAllow: GET, HEAD");
  if (!keeps_open) text.append("\r\nConnection: close");
  if (keeps_open && request.is_of_1_0) text.append("\r\nConnection: keep-alive");
  text.append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff");
  text.append("\r\nContent-Security-Policy: ").append(content_policy).append("\r\n\r\n");
  if (request.method != HttpRequest::Method::head) text.append(body);
  return text;
}

}  // namespace reactord
