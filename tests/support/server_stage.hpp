// ServerStage: a Server on a virtual clock whose clients are ends of buffered pipes: no port, no kernel, exact times.
//
//     Client --- buffered_pipe ---> Server, with the limits under test ---> RecordingObserver
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reactord/pipe.hpp"
#include "reactord/server.hpp"
#include "support/loopback.hpp"
#include "support/recording_observer.hpp"

namespace test {

using namespace std::chrono_literals;

// Answers "got " and the line, "big" with 10,000 bytes and a newline; "quit" ends the connection.
class Answers final : public reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override {
    if (line == "big") return reply.write(std::string(10'000, 'B'), "\n");
    reply.write("got ", line, "\n");
    if (line == "quit") reply.close();
  }
};

struct ServerStage : Stage {
  explicit ServerStage(const reactord::Limits& limits = {})
      : server(reactor, {.limits = limits, .observer = &observer}) {}

  // A new client, at the other end of a pipe from the server.
  reactord::Conn client() { return serve(handler); }
  reactord::Conn serve(reactord::AnyHandler by, std::string_view protocol = {}) {
    auto pair = reactord::buffered_pipe(reactor);
    server.serve(std::move(pair.first), by, protocol);
    return std::move(pair.second);
  }
  reactord::Duration elapsed() const { return reactor.now() - start; }

  // Each accepted connection is open, or has ended by one cause and was reported once.
  void check_counts() const {
    std::uint64_t ended = 0;
    for (std::size_t cause = 0; cause < reactord::end_causes; ++cause)
      ended += server.ended(static_cast<reactord::EndCause>(cause));
    CHECK(server.accepted() == server.open_connections() + ended);
    CHECK(observer.ends.size() == ended);
    CHECK(server.check());
  }

  RecordingObserver observer;
  Answers handler;
  reactord::Server server;
  reactord::Time start = reactor.now();

 protected:
  // The clients are gone, and so is all that was kept for them.
  void check_end() override {
    check_counts();
    CHECK(server.open_connections() == 0);
    CHECK(reactor.buffers().bytes_in_use() == 0);
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
