// parse_http_request: what is a request, what is none, and that no cut and no byte changes that later.
#include "daemon/http_request.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace reactord;
using namespace std::string_view_literals;
using State = HttpParse::State;
using Method = HttpRequest::Method;

namespace {

constexpr std::string_view usual =
    "GET /metrics?x=1 HTTP/1.1\r\nHost: localhost:9464\r\nAccept: text/plain\r\n\r\n";

HttpRequest request_of(std::string_view text) {
  const HttpParse parse = parse_http_request(text);
  REQUIRE_MESSAGE(parse.state == State::complete, text);
  CHECK(parse.length == text.size());
  return parse.request;
}

HttpStatus refusal_of(std::string_view text) {
  const HttpParse parse = parse_http_request(text);
  REQUIRE_MESSAGE(parse.state == State::refused, text);
  CHECK_FALSE(parse.why.empty());
  return parse.status;
}

std::string with_first_line(std::string_view line) { return std::string(line) + "\r\nHost: a\r\n\r\n"; }
std::string with_field(std::string_view field) {
  return "GET / HTTP/1.1\r\n" + std::string(field) + "\r\n\r\n";
}

// Looks at each prefix: it is incomplete up to some point, and from there on what the whole is.
void check_prefixes(std::string_view text) {
  const HttpParse whole = parse_http_request(text);
  bool was_decided = false;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const HttpParse parse = parse_http_request(text.substr(0, length));
    if (parse.state == State::incomplete) {
      REQUIRE_MESSAGE(!was_decided, length);
      continue;
    }
    was_decided = true;
    REQUIRE(parse.state == whole.state);
    REQUIRE(parse.status == whole.status);
    REQUIRE(parse.length == whole.length);
    REQUIRE(parse.request.path == whole.request.path);
    REQUIRE(parse.request.keeps_open == whole.request.keeps_open);
    REQUIRE(parse.length <= length);
  }
  REQUIRE(was_decided == (whole.state != State::incomplete));
}

}  // namespace

TEST_CASE("a request has a method, a path and what it accepts") {
  const HttpRequest request = request_of(usual);
  CHECK(request.method == Method::get);
  CHECK(request.path == "/metrics");
  CHECK(request.accept == "text/plain");
  CHECK(request.keeps_open);
  CHECK_FALSE(request.is_of_1_0);
  CHECK(request_of(with_first_line("HEAD / HTTP/1.1")).method == Method::head);
  CHECK(request_of(with_first_line("get / HTTP/1.1")).method == Method::other);
  CHECK(request_of(with_first_line("POST / HTTP/1.1")).method == Method::other);
  CHECK(request_of(with_field("Accept: a\r\nX: y\r\naccept:\tb ")).accept == "a,b");
}

TEST_CASE("a target is a path, or as for a proxy") {
  const auto path_of = [](std::string_view target) {
    return request_of("GET " + std::string(target) + " HTTP/1.1\n\n").path;
  };
  CHECK(path_of("/") == "/");
  CHECK(path_of("/a/../b%20c") == "/a/../b%20c");
  CHECK(path_of("/a#b") == "/a");
  CHECK(path_of("http://example.com/metrics?a") == "/metrics");
  CHECK(path_of("HTTP://example.com") == "/");
  CHECK(path_of("http://example.com?a") == "/");
  CHECK(path_of("*") == "*");
  CHECK(path_of("metrics") == "metrics");
}

TEST_CASE("lines end with a newline, with or without a return, and an empty line in front is skipped") {
  CHECK(request_of("GET / HTTP/1.1\n\n").path == "/");
  CHECK(request_of("GET / HTTP/1.1\nA: b\r\n\n").path == "/");
  CHECK(request_of("\r\nGET / HTTP/1.1\r\n\r\n").path == "/");
  CHECK(request_of("\nGET / HTTP/1.1\r\n\r\n").path == "/");
  CHECK(refusal_of("\r\n\r\nGET / HTTP/1.1\r\n\r\n") == HttpStatus::bad_request);
}

TEST_CASE("the connection goes on or ends as version and Connection say") {
  const auto goes_on = [](std::string_view version, std::string_view fields) {
    return request_of("GET / HTTP/" + std::string(version) + "\r\n" + std::string(fields) + "\r\n")
        .keeps_open;
  };
  CHECK(goes_on("1.1", ""));
  CHECK(goes_on("1.9", ""));
  CHECK_FALSE(goes_on("1.0", ""));
  CHECK_FALSE(goes_on("1.1", "Connection: close\r\n"));
  CHECK_FALSE(goes_on("1.1", "CONNECTION:  foo , Close,bar\r\n"));
  CHECK(goes_on("1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(goes_on("1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
  CHECK(goes_on("1.1", "Connection: closed\r\n"));
}

TEST_CASE("what is no request is refused") {
  for (const std::string_view line :
       {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/2.0", "GET / HTTP/1.12", "GET / http/1.1",
        "GET /a b HTTP/1.1", "GET HTTP/1.1", "/ HTTP/1.1", "G(T / HTTP/1.1", "GET /\x01 HTTP/1.1",
        "GET /\xff HTTP/1.1", "GET / HTTP/1.1\rX", "AMETHODTHATISTOOLONG / HTTP/1.1", " GET / HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(refusal_of(with_first_line(line)) == HttpStatus::bad_request);
  }
  for (const std::string_view field :
       {"A", "A : b", ": b", "A: b\r\n c: d", "\tA: b", "A: b\x7f", "A: \rb", "A\xff: b", "A: b\r\nC"}) {
    CAPTURE(field);
    CHECK(refusal_of(with_field(field)) == HttpStatus::bad_request);
  }
  CHECK(refusal_of(with_field(std::string_view("A: \0", 4))) == HttpStatus::bad_request);
  CHECK(refusal_of("\x16\x03\x01\x02") == HttpStatus::bad_request);  // the beginning of TLS, at once
  CHECK(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == HttpStatus::bad_request);
}

TEST_CASE("a body is refused, and no bytes of it are taken for a request") {
  CHECK(refusal_of(with_field("Content-Length: 1")) == HttpStatus::content_too_large);
  CHECK(refusal_of(with_field("content-length: 18446744073709551616")) == HttpStatus::content_too_large);
  CHECK(request_of(with_field("Content-Length: 0")).path == "/");
  CHECK(request_of(with_field("Content-Length: 0\r\nContent-Length: 0")).path == "/");
  for (const std::string_view field :
       {"Content-Length: ", "Content-Length: -1", "Content-Length: 0x", "Content-Length: 1, 1",
        "Content-Length: 0\r\nContent-Length: 5", "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
        "Content-Length: 0\r\nTransfer-Encoding: chunked"}) {
    CAPTURE(field);
    CHECK(refusal_of(with_field(field)) == HttpStatus::bad_request);
  }
}

TEST_CASE("a first line has 2 KiB, a head 8 KiB") {
  const std::string_view begin = "GET /", end = " HTTP/1.1\r\n";
  const auto with_path = [&](std::size_t line) {
    return std::string(begin) + std::string(line - begin.size() - end.size(), 'a') + std::string(end) +
           "\r\n";
  };
  CHECK(request_of(with_path(HttpRequest::longest_line)).path.size() ==
        HttpRequest::longest_line - begin.size() - end.size() + 1);
  CHECK(refusal_of(with_path(HttpRequest::longest_line + 1)) == HttpStatus::uri_too_long);
  CHECK(refusal_of("GET /" + std::string(3000, 'a')) == HttpStatus::uri_too_long);  // it need not end

  const std::string first = "GET / HTTP/1.1\r\nA: ";
  const auto with_head = [&](std::size_t size) {
    return first + std::string(size - first.size() - 4, 'b') + "\r\n\r\n";
  };
  CHECK(request_of(with_head(HttpRequest::longest_head)).path == "/");
  CHECK(refusal_of(with_head(HttpRequest::longest_head + 1)) == HttpStatus::head_too_large);
  CHECK(refusal_of(first + std::string(9000, 'b')) == HttpStatus::head_too_large);
}

TEST_CASE("requests that were sent at once are read one after the other") {
  const std::string both = std::string(usual) + "HEAD /b HTTP/1.0\r\n\r\nGET";
  const HttpParse first = parse_http_request(both);
  REQUIRE(first.state == State::complete);
  CHECK(first.length == usual.size());
  const HttpParse second = parse_http_request(std::string_view(both).substr(first.length));
  REQUIRE(second.state == State::complete);
  CHECK(second.request.path == "/b");
  CHECK(second.request.is_of_1_0);
  CHECK(parse_http_request("GET").state == State::incomplete);
  CHECK(parse_http_request("").state == State::incomplete);
  CHECK(parse_http_request("\r").state == State::incomplete);
}

TEST_CASE("every prefix of a request is incomplete or what the whole is") {
  check_prefixes(usual);
  check_prefixes("\r\n" + std::string(usual) + std::string(usual));
  check_prefixes("GET / HTTP/1.1\nConnection: close\nAccept: a\n\nGET /");
  check_prefixes("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde");
  check_prefixes("GET /" + std::string(2100, 'a') + " HTTP/1.1\r\n\r\n");
  check_prefixes("GET / HTTP/1.1\r\nA: " + std::string(8200, 'b') + "\r\n\r\n");
  check_prefixes(std::string(40, 'G') + " / HTTP/1.1\r\n\r\n");
}

TEST_CASE("the same holds for requests with bytes that are changed, taken out and put in") {
  std::mt19937 random(1);  // the same each time
  constexpr auto alphabet = "\r\n\n :,;\0/\tAGETconnection-length: 0123\x7f\xff"sv;
  for (int round = 0; round < 1500; ++round) {
    std::string text =
        round % 2 == 0 ? std::string(usual) : with_field("Connection: close\r\nContent-Length: 0");
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const char byte = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, byte);
      }
    }
    CAPTURE(text);
    check_prefixes(text);
  }
}

TEST_CASE("OpenMetrics is given to a client that prefers it") {
  CHECK_FALSE(wants_open_metrics(""));
  CHECK_FALSE(wants_open_metrics("*/*"));
  CHECK_FALSE(wants_open_metrics("text/plain"));
  CHECK(wants_open_metrics("application/openmetrics-text"));
  CHECK(wants_open_metrics("Application/OpenMetrics-Text; version=1.0.0"));
  CHECK(wants_open_metrics(
      "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"));
  CHECK_FALSE(wants_open_metrics("application/openmetrics-text;q=0.2,text/plain;q=0.3"));
  CHECK_FALSE(wants_open_metrics("application/openmetrics-text;q=0"));
  CHECK_FALSE(wants_open_metrics("application/openmetrics-text;q=nan"));
  CHECK(wants_open_metrics("application/openmetrics-text;q=x"));
  CHECK_FALSE(wants_open_metrics("application/openmetrics-textual"));
}
