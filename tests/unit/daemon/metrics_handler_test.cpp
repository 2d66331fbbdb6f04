// MetricsHandler: the dialogue of HTTP, on one connection after the other and on many, and its ends.
#include "daemon/metrics_handler.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "daemon/metrics_limits.hpp"
#include "daemon/status_page.hpp"
#include "support/fake_control_host.hpp"
#include "support/server_stage.hpp"

using namespace reactord;
using namespace std::chrono_literals;

namespace {

// Readers of metrics, at the other end of pipes from a server of their own.
struct HttpStage : test::ServerStage {
  HttpStage() { host.daemon_facts.program = "reactord"; }

  Conn connect() {
    auto pair = buffered_pipe(reactor);
    readers.serve(std::move(pair.first), dialogue, "metrics");
    return std::move(pair.second);
  }

  // Sends it, and gives all that comes until the connection ends.
  std::string answer_to(std::string request) {
    std::string answer;
    run([](HttpStage& stage, std::string asked, std::string& to) -> Task<> {
      Conn conn = stage.connect();
      Task<> saying = test::say(conn, asked);
      co_await std::move(saying);
      static_cast<void>(conn.close_write());
      Task<std::string> hearing = test::hear_to_end(conn);
      to = co_await std::move(hearing);
    }(*this, std::move(request), answer));
    return answer;
  }

  test::FakeControlHost host{server};
  MetricsHandler dialogue{reactor, host, metrics_pages()};
  Server readers{reactor, {.limits = metrics_limits()}};
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }
std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

}  // namespace

TEST_CASE_FIXTURE(HttpStage, "metrics are given in the format that the client prefers") {
  const std::string plain = answer_to("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(plain.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  CHECK(has(plain, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  CHECK(has(plain, "\r\nContent-Length: " + std::to_string(body_of(plain).size()) + "\r\n"));
  CHECK(body_of(plain).starts_with("# HELP reactord_build_info "));
  CHECK_FALSE(has(plain, "# EOF"));
  const std::string open = answer_to("GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n");
  CHECK(has(open, "\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
  CHECK(open.ends_with("\n# EOF\n"));
}

TEST_CASE_FIXTURE(HttpStage, "the other pages are an index and the stats") {
  const std::string index = answer_to("GET / HTTP/1.1\r\n\r\n");
  CHECK(has(index, "/metrics "));
  CHECK(has(index, "text/plain; charset=utf-8"));
  host.counters = {{"accepted", std::uint64_t{91}}};
  const std::string stats = answer_to("GET /stats.json?x HTTP/1.1\r\n\r\n");
  CHECK(has(stats, "Content-Type: application/json\r\n"));
  CHECK(body_of(stats).starts_with("{\"version\":\"reactord 0.0\",\"pid\":"));
  CHECK(has(stats, "\"accepted\":91"));
}

TEST_CASE_FIXTURE(HttpStage, "a browser is given the page that draws the metrics") {
  const std::string answer = answer_to("GET / HTTP/1.1\r\nAccept: text/html,*/*;q=0.8\r\n\r\n");
  CHECK(has(answer, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
  CHECK(has(answer, "\r\nContent-Security-Policy: default-src 'none'; "));
  CHECK(body_of(answer) == status_page());
}

TEST_CASE_FIXTURE(HttpStage, "HEAD has the length and no body") {
  const std::string get = answer_to("GET / HTTP/1.1\r\n\r\n");
  const std::string head = answer_to("HEAD / HTTP/1.1\r\n\r\n");
  CHECK(head.size() + body_of(get).size() == get.size());
  CHECK(has(head, "Content-Length: " + std::to_string(body_of(get).size()) + "\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE_FIXTURE(HttpStage, "what can't be answered is told, with what would be right") {
  struct Row {
    std::string request;
    std::string_view status;
    bool ends;
  };
  for (const Row& row : std::vector<Row>{
           {"GET /favicon.ico HTTP/1.1\r\n\r\n", "404 Not Found", false},
           {"POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed\r\n", false},
           {"GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "413 Content Too Large", true},
           {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 Bad Request", true},
           {"hello\r\n", "400 Bad Request", true},
           {"GET /" + std::string(3000, 'a'), "414 URI Too Long", true},
           {"GET / HTTP/1.1\r\nA: " + std::string(9000, 'a'), "431 Request Header Fields Too Large", true}}) {
    CAPTURE(row.status);
    // Behind what is refused nothing is a request; behind the others there is one.
    const std::string answer = answer_to(row.request + "GET / HTTP/1.1\r\n\r\n");
    CHECK(answer.starts_with("HTTP/1.1 " + std::string(row.status)));
    CHECK(has(answer, "Connection: close") == row.ends);
    CHECK(has(answer, "200 OK") != row.ends);
    CHECK(has(answer, "Allow: GET, HEAD") == row.status.starts_with("405"));
  }
}

TEST_CASE_FIXTURE(HttpStage,
                  "requests that were sent at once are answered in order, up to the one that ends it") {
  const std::string answer = answer_to(
      "GET /a HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
      "GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  std::vector<std::string> statuses;
  for (std::size_t at = 0; (at = answer.find("HTTP/1.1 ", at)) != answer.npos; ++at)
    statuses.push_back(answer.substr(at + 9, 3));
  CHECK(statuses == std::vector<std::string>{"404", "200", "200", "200"});
  CHECK(has(answer, "Connection: keep-alive"));
  CHECK(has(answer, "Connection: close"));
}

TEST_CASE_FIXTURE(HttpStage, "a request may come byte by byte, but not for long") {
  run([](HttpStage& stage) -> Task<> {
    Conn slow = stage.connect();
    Time began = stage.reactor.now();
    for (const char byte : std::string_view("GET / HTTP/1.0\r\n\r\n")) {
      Task<> saying = test::say(slow, {&byte, 1});
      co_await std::move(saying);
      Task<> passing = test::pass(stage.reactor, 100ms);
      co_await std::move(passing);
    }
    Task<std::string> hearing = test::hear_to_end(slow);
    auto heard = co_await std::move(hearing);
    CHECK(heard.starts_with("HTTP/1.1 200 OK"));

    Conn slower = stage.connect();
    began = stage.reactor.now();
    Task<> saying = test::say(slower, "GET /");
    co_await std::move(saying);
    for (int second = 0; second < 4; ++second) {
      Task<> passing = test::pass(stage.reactor, 1s);
      co_await std::move(passing);
      Task<> more = test::say(slower, "a");
      co_await std::move(more);
    }
    Task<std::string> rest = test::hear_to_end(slower);
    auto nothing = co_await std::move(rest);
    CHECK(nothing.empty());
    CHECK(stage.reactor.now() - began >= metrics_head_timeout);
    CHECK(stage.reactor.now() - began < metrics_head_timeout + 1s);
  });
}

TEST_CASE_FIXTURE(HttpStage, "a connection that asks nothing more ends after a while") {
  run([](HttpStage& stage) -> Task<> {
    Conn conn = stage.connect();
    Task<> saying = test::say(conn, "HEAD / HTTP/1.1\r\n\r\n");
    co_await std::move(saying);
    const Time began = stage.reactor.now();
    Task<std::string> hearing = test::hear_to_end(conn);
    auto heard = co_await std::move(hearing);
    CHECK(heard.starts_with("HTTP/1.1 200 OK"));
    CHECK(stage.reactor.now() - began >= metrics_idle_timeout);
    CHECK(stage.reactor.now() - began < metrics_idle_timeout + 1s);
  });
}

TEST_CASE_FIXTURE(HttpStage, "a client that takes no answer is given up") {
  run([](HttpStage& stage) -> Task<> {
    Conn conn = stage.connect();
    std::string many;
    for (int count = 0; count < 200; ++count) many += "GET /metrics HTTP/1.1\r\n\r\n";
    Task<> saying = test::say(conn, many);
    co_await std::move(saying);
    Task<> passing = test::pass(stage.reactor, metrics_answer_timeout + metrics_write_timeout);
    co_await std::move(passing);
    CHECK(stage.readers.open_connections() == 0);
  });
}

TEST_CASE_FIXTURE(HttpStage, "pages are made one after the other, with an interval") {
  run([](HttpStage& stage) -> Task<> {
    std::vector<Conn> clients;
    for (int count = 0; count < 10; ++count) {
      clients.push_back(stage.connect());
      Task<> saying = test::say(clients.back(), "GET /metrics HTTP/1.0\r\n\r\n");
      co_await std::move(saying);
    }
    const Time began = stage.reactor.now();
    for (Conn& client : clients) {
      Task<std::string> hearing = test::hear_to_end(client);
      auto heard = co_await std::move(hearing);
      CHECK(heard.starts_with("HTTP/1.1 200 OK"));
    }
    CHECK(stage.reactor.now() - began >= 9 * metrics_page_interval);
  });
}

TEST_CASE_FIXTURE(HttpStage, "a drain answers what was asked, and ends the connections that ask nothing") {
  run([](HttpStage& stage) -> Task<> {
    Conn idle = stage.connect();
    Task<> passing = test::pass(stage.reactor, 1ms);
    co_await std::move(passing);
    stage.readers.drain(metrics_drain_timeout);
    Task<std::string> hearing = test::hear_to_end(idle);
    auto heard = co_await std::move(hearing);
    CHECK(heard.empty());
  });
}
