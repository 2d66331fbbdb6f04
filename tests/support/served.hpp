// Served: a Server on a virtual clock whose clients are ends of buffered pipes: no port, no kernel, exact times.
//
//     Client --- buffered_pipe ---> Server, with the limits under test
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactord/pipe.hpp"
#include "reactord/server.hpp"
#include "support/loopback.hpp"

namespace test {

using namespace std::chrono_literals;

// Answers "got " and the line, "big" with 10,000 bytes and a newline.
class Answers final : public reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override {
    if (line == "big") return reply.write(std::string(10'000, 'B'), "\n");
    reply.write("got ", line, "\n");
  }
};

struct Served : reactord::ServerObserver {
  explicit Served(reactord::Limits within = {}) : server(reactor, {.limits = within, .observer = this}) {}

  // A new client. With a stream handler, that serves it.
  reactord::Conn client() { return serve(handler); }
  template <typename Handler>
  reactord::Conn serve(Handler& by) {
    auto pair = reactord::buffered_pipe(reactor);
    server.serve(std::move(pair.first), by);
    return std::move(pair.second);
  }
  // Runs `body` to its end, and then the clients are gone too.
  void run(reactord::Task<> body) {
    test::run(reactor, std::move(body));
    CHECK(server.open_connections() == 0);
    std::uint64_t ended = 0;
    for (std::size_t cause = 0; cause < reactord::end_causes; ++cause)
      ended += server.ended(static_cast<reactord::EndCause>(cause));
    CHECK(ended == server.accepted());
    CHECK(reactor.live_tasks() == 0);
    CHECK(reactor.buffers().bytes_in_use() == 0);
  }
  reactord::Duration elapsed() const { return reactor.now() - start; }

  std::vector<std::string> ends;    // "slow-line", "over-limit max-buffers"
  std::vector<std::string> limits;  // "max-line truncated"
  reactord::VirtualClock clock;
  Answers handler;
  reactord::Reactor reactor{clock};
  reactord::Server server;
  reactord::Time start = reactor.now();

 private:
  void on_closed(const reactord::ConnectionEnd& end) override {
    std::string text = to_string(end.cause);
    if (!end.limit.empty()) text += ' ' + std::string(end.limit);
    ends.push_back(std::move(text));
  }
  void on_limit(const reactord::LimitReached& limit) override {
    limits.push_back(std::string(limit.limit) + ' ' + std::string(limit.action));
  }
};

// What a client does. All of it fails the test where the connection fails.
inline reactord::Task<> say(reactord::Conn& conn, std::string_view bytes) {
  auto sent = co_await conn.write(bytes);
  CHECK(sent.has_value());
}
inline reactord::Task<std::string> hear(reactord::Conn& conn, std::size_t count) {
  std::string heard(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    auto read = co_await conn.read(std::span(heard).subspan(have));
    if (!read) break;
    have += *read;
  }
  heard.resize(have);
  co_return heard;
}
inline reactord::Task<std::string> hear_to_end(reactord::Conn& conn) {
  std::string heard;
  std::string piece(4096, '\0');
  while (true) {
    auto read = co_await conn.read(std::span(piece));
    if (!read) co_return heard;
    heard.append(piece, 0, *read);
  }
}
inline reactord::Task<> pass(reactord::Reactor& reactor, reactord::Duration duration) {
  auto slept = co_await reactor.sleep(duration);
  CHECK(slept.has_value());
}

}  // namespace test
