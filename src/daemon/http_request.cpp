#include "daemon/http_request.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace reactord {
namespace {

using State = HttpParse::State;

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }
bool is_letter(char byte) noexcept { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
// A character of a token: RFC 9110, section 5.6.2.
bool is_token_character(char byte) noexcept {
  return is_digit(byte) || is_letter(byte) ||
         (byte != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos);
}
bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}
// A tab may stand in a value; other controls and delete may not.
bool is_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return byte == '\t' || (code >= ' ' && code != 0x7f);
  });
}

char lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; }
bool is_same(std::string_view left, std::string_view right) noexcept {
  return std::ranges::equal(left, right, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the part of `text` up to `mark` off its front, and the mark.
std::string_view take_part(std::string_view& text, char mark) noexcept {
  const std::size_t end = std::min(text.find(mark), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Takes a line off the front, which there must be, without its end.
std::string_view take_line(std::string_view& text) noexcept {
  std::string_view line = take_part(text, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

HttpParse refuse(HttpStatus status, std::string_view why) {
  return {.state = State::refused, .status = status, .why = why};
}

// Behind the empty line that ends the head; npos while there is none.
std::size_t end_of_head(std::string_view text) noexcept {
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    if (rest.starts_with('\n')) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return text.npos;
}

// A fault that can be seen before the head has ended: the bytes are not HTTP, or too many.
std::optional<HttpParse> refuse_early(std::string_view text) {
  const std::string_view beginning = text.substr(0, HttpRequest::longest_method + 1);
  const std::string_view method = beginning.substr(0, beginning.find(' '));
  const bool is_method = std::ranges::all_of(method, is_token_character) && !beginning.starts_with(' ') &&
                         method.size() <= HttpRequest::longest_method;
  if (!is_method)
    return refuse(HttpStatus::bad_request, "write a request of HTTP/1.1: GET /metrics HTTP/1.1");
  const std::string_view first = text.substr(0, HttpRequest::longest_line);
  if (text.size() > first.size() && first.find('\n') == first.npos)
    return refuse(HttpStatus::uri_too_long, "the first line of a request has at most 2 KiB");
  const std::string_view head = text.substr(0, HttpRequest::longest_head);
  if (text.size() > head.size() && end_of_head(head) == head.npos)
    return refuse(HttpStatus::head_too_large, "the head of a request has at most 8 KiB");
  return std::nullopt;
}

// METHOD SP TARGET SP VERSION, with a single space each. False: it is something else.
bool read_first_line(std::string_view line, HttpRequest& request) {
  const std::string_view method = take_part(line, ' ');
  std::string_view target = take_part(line, ' ');
  if (!is_token(method) || target.empty()) return false;
  const bool is_version = line.size() == 8 && line.starts_with("HTTP/1.") && is_digit(line[7]);
  const bool is_target = std::ranges::all_of(target, [](char byte) { return byte > ' ' && byte < 0x7f; });
  if (!is_version || !is_target) return false;
  request.method = method == "GET"    ? HttpRequest::Method::get
                   : method == "HEAD" ? HttpRequest::Method::head
                                      : HttpRequest::Method::other;
  request.is_of_1_0 = line[7] == '0';
  request.keeps_open = !request.is_of_1_0;
  constexpr std::string_view scheme = "http://";  // as a client writes for a proxy
  if (is_same(target.substr(0, scheme.size()), scheme)) {
    target.remove_prefix(scheme.size());
    const std::size_t path = target.find_first_of("/?");
    target.remove_prefix(std::min(path, target.size()));
    if (!target.starts_with('/')) target = "/";
  }
  request.path = target.substr(0, target.find_first_of("?#"));
  return true;
}

// The fields that are looked at. Others are not.
struct Fields {
  bool is_close = false, is_keep_alive = false, has_encoding = false;
  std::optional<std::string_view> length = std::nullopt;
  bool has_two_lengths = false;
};

void read_connection(std::string_view value, Fields& fields) noexcept {
  while (!value.empty()) {
    const std::string_view word = trimmed(take_part(value, ','));
    fields.is_close = fields.is_close || is_same(word, "close");
    fields.is_keep_alive = fields.is_keep_alive || is_same(word, "keep-alive");
  }
}

// NAME: VALUE. False: it is something else, as a line that begins with a space.
bool read_field(std::string_view line, Fields& fields, HttpRequest& request) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) return false;
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (!is_value(value)) return false;
  if (is_same(name, "connection")) read_connection(value, fields);
  if (is_same(name, "transfer-encoding")) fields.has_encoding = true;
  if (is_same(name, "accept")) (request.accept += request.accept.empty() ? "" : ",") += value;
  if (is_same(name, "content-length")) {
    if (fields.length && *fields.length != value) fields.has_two_lengths = true;
    fields.length = value;
  }
  return true;
}

// None when it has no body.
std::optional<HttpParse> refuse_body(const Fields& fields) {
  if (fields.has_encoding || fields.has_two_lengths)
    return refuse(HttpStatus::bad_request, "send no body: a page is read with GET");
  if (!fields.length) return std::nullopt;
  const bool is_number = !fields.length->empty() && std::ranges::all_of(*fields.length, is_digit);
  if (!is_number) return refuse(HttpStatus::bad_request, "Content-Length is a number; or leave it out");
  if (fields.length->find_first_not_of('0') == std::string_view::npos) return std::nullopt;
  return refuse(HttpStatus::content_too_large, "send no body: a page is read with GET");
}

HttpParse read_head(std::string_view head) {
  HttpParse parse{.state = State::complete};
  if (!read_first_line(take_line(head), parse.request))
    return refuse(HttpStatus::bad_request, "write a request of HTTP/1.1: GET /metrics HTTP/1.1");
  Fields fields;
  while (true) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    if (!read_field(line, fields, parse.request))
      return refuse(HttpStatus::bad_request, "each line of a header is a name, a colon and a value");
  }
  if (auto refused = refuse_body(fields)) return *refused;
  if (fields.is_keep_alive) parse.request.keeps_open = true;
  if (fields.is_close) parse.request.keeps_open = false;
  return parse;
}

}  // namespace

HttpParse parse_http_request(std::string_view input) {
  if (input == "\r") return {};
  const std::size_t skipped = input.starts_with("\r\n") ? 2 : input.starts_with('\n') ? 1 : 0;
  const std::string_view text = input.substr(skipped);
  if (auto refused = refuse_early(text)) return *refused;
  const std::size_t end = end_of_head(text.substr(0, HttpRequest::longest_head));
  if (end == text.npos) return {};
  HttpParse parse = read_head(text.substr(0, end));
  if (parse.state == State::complete) parse.length = skipped + end;
  return parse;
}

namespace {

// The weight of a media range, in thousandths: "text/plain;q=0.5" has 500. 1000 where it has none, or none that can be read.
unsigned weight_of(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const std::string_view parameter = trimmed(take_part(parameters, ';'));
    if (parameter.size() < 3 || lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    double weight = 1;
    std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    return weight > 0 ? static_cast<unsigned>(std::min(weight, 1.0) * 1000) : 0;
  }
  return 1000;
}

}  // namespace

bool wants_open_metrics(std::string_view accept) noexcept {
  unsigned open = 0, plain = 0;
  while (!accept.empty()) {
    std::string_view parameters = take_part(accept, ',');
    const std::string_view type = trimmed(take_part(parameters, ';'));
    if (is_same(type, "application/openmetrics-text")) open = std::max(open, weight_of(parameters));
    if (is_same(type, "text/plain")) plain = std::max(plain, weight_of(parameters));
  }
  return open > 0 && open >= plain;
}

}  // namespace reactord
