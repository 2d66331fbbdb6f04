// ConnectionTrace: it sees each byte once, and the connection takes no notice: over TCP, a unix socket and a pipe.
#include "serve/connection_trace.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "reactord/line_reader.hpp"
#include "support/listening_stage.hpp"
#include "support/process.hpp"

using namespace reactord;
using namespace std::chrono_literals;

namespace {

using State = ConnectionTrace::State;

struct Recorder final : ConnectionTracer {
  void on_received(std::string_view bytes) noexcept override { received += bytes; }
  void on_sent(std::string_view bytes) noexcept override { sent += bytes; }
  void on_end(EndCause by) noexcept override { cause = by; }
  std::string received, sent;
  std::optional<EndCause> cause;
};

// Gives back what it reads.
class Echo final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    Buffer bytes;
    while (true) {
      auto read = co_await conn.read(bytes);
      if (!read) co_return;
      auto written = co_await conn.write(bytes.view());
      if (!written) co_return;
      bytes.clear();
    }
  }
};

// Hands its connection over to `next` at the line "over".
class Handing final : public LineHandler {
 public:
  explicit Handing(StreamHandler& next) : next_(next) {}

 private:
  void on_line(std::string_view line, Reply& reply) override {
    reply.write("got ", line, "\n");
    if (line == "over") reply.hand_over(next_);
  }
  StreamHandler& next_;
};

std::uint64_t last_number(Server& server) {
  std::uint64_t number = 0;
  ConnectionWalk walk(server);
  walk.next(1000, [&](const OpenConnection& one) {
    number = one.number;
    return Fate::lives;
  });
  return number;
}

// The counters of the one connection.
struct Counted {
  std::uint64_t read = 0, written = 0, lines = 0;
};
Counted counted(Server& server) {
  Counted of;
  ConnectionWalk walk(server);
  walk.next(1, [&](const OpenConnection& one) {
    of = {one.bytes_read, one.bytes_written, one.lines};
    return Fate::lives;
  });
  return of;
}

void over_tcp_and_unix(Task<> (*body)(test::ListeningStage&), const Limits& limits = {}) {
  SUBCASE("TCP") {
    test::ListeningStage stage(limits);
    stage.run(body);
  }
  SUBCASE("unix") {
    const test::TemporaryDirectory directory;
    const std::string address = "unix:" + directory.path("s");
    test::ListeningStage stage(limits, address.c_str());
    stage.run(body);
  }
}

Task<> end(test::ListeningStage& on) {
  on.server.kill();
  co_await on.settle();
}

}  // namespace

TEST_CASE("a trace sees what comes and goes from its begin to its end, and nothing else changes") {
  over_tcp_and_unix([](test::ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    CHECK(peer.send("before\nha") == 9);
    auto first = co_await test::read_bytes(on.reactor, peer, 11);
    CHECK(first == "got before\n");
    co_await on.settle();
    Recorder one, two;
    {
      ConnectionTrace trace(on.server, last_number(on.server), one);
      CHECK(trace.search(1) == State::attached);
      CHECK(trace.connection().lines == 1);
      CHECK(peer.send("lf\nnext\n") == 8);
      auto more = co_await test::read_bytes(on.reactor, peer, 18);
      CHECK(more == "got half\ngot next\n");
      CHECK(one.received == "lf\nnext\n");
      CHECK(one.sent == more);
      ConnectionTrace again(on.server, last_number(on.server), two);
      CHECK(again.search(1) == State::attached);
      CHECK(peer.send("big\n") == 4);
      auto big = co_await test::read_bytes(on.reactor, peer, 10'001);
      CHECK(one.sent == more + big);
      CHECK(two.sent == big);
      CHECK(two.received == "big\n");
    }
    CHECK(peer.send("after\n") == 6);
    auto last = co_await test::read_bytes(on.reactor, peer, 10);
    CHECK(last == "got after\n");
    CHECK(one.received == "lf\nnext\nbig\n");
    CHECK_FALSE(one.cause.has_value());
    const Counted counts = counted(on.server);
    CHECK(counts.read == 9 + 8 + 4 + 6);
    CHECK(counts.written == 11 + 18 + 10'001 + 10);
    CHECK(counts.lines == 5);
    co_await end(on);
  });
}

TEST_CASE("a trace begins while output waits, ends while it still does, and no byte is lost or told twice") {
  over_tcp_and_unix([](test::ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served({.receive_buffer = 4096, .send_buffer = 0});
    std::string asked;
    for (int times = 0; times < 400; ++times) asked += "big\n";
    CHECK(peer.send(asked) == asked.size());
    for (int turns = 0; turns < 50; ++turns) co_await on.reactor.next_turn();
    const Counted before = counted(on.server);
    CHECK(before.written < 400 * 10'001);
    Recorder seen;
    std::string heard;
    {
      ConnectionTrace trace(on.server, last_number(on.server), seen);
      CHECK(trace.search(1) == State::attached);
      while (seen.sent.size() < 1'000'000) {
        heard += peer.receive(16 * 1024);
        co_await on.reactor.next_turn();
      }
      CHECK(counted(on.server).written == before.written + seen.sent.size());
      CHECK(counted(on.server).read == before.read + seen.received.size());
    }
    const std::size_t told = seen.sent.size();
    auto rest = co_await test::read_bytes(on.reactor, peer, 400 * 10'001 - heard.size());
    heard += rest;
    CHECK(seen.sent.size() == told);
    const std::string line = std::string(10'000, 'B') + '\n';
    bool is_exact = heard.size() == 400 * line.size();
    for (std::size_t at = 0; at + line.size() <= heard.size(); at += line.size())
      is_exact = is_exact && std::string_view(heard).substr(at, line.size()) == line;
    CHECK(is_exact);
    CHECK((seen.sent == heard.substr(before.written, told)));
    co_await end(on);
  });
}

TEST_CASE("a trace hears how its connection ends, by any cause, and is at its end") {
  over_tcp_and_unix([](test::ListeningStage& on) -> Task<> {
    struct Way {
      EndCause cause;
      void (*end)(test::ListeningStage&, test::Peer&, std::uint64_t number);
    };
    static constexpr Way ways[] = {
        {EndCause::eof, [](test::ListeningStage&, test::Peer& peer, std::uint64_t) { peer.finish(); }},
        {EndCause::finished,
         [](test::ListeningStage&, test::Peer& peer, std::uint64_t) { peer.send("quit\n"); }},
        {EndCause::killed,
         [](test::ListeningStage& stage, test::Peer&, std::uint64_t number) {
           ConnectionWalk walk(stage.server);
           walk.next(1000, [&](const OpenConnection& one) {
             return one.number == number ? Fate::killed : Fate::lives;
           });
         }},
    };
    for (const Way& way : ways) {
      auto peer = co_await on.connect_served();
      Recorder seen;
      ConnectionTrace trace(on.server, last_number(on.server), seen);
      CHECK(trace.search(1000) == State::attached);
      way.end(on, peer, last_number(on.server));
      peer.finish();
      while (!seen.cause) {
        peer.receive();
        co_await on.reactor.next_turn();
      }
      CHECK(seen.cause == way.cause);
      CHECK(trace.state() == State::ended);
      if (way.cause == EndCause::finished) CHECK(seen.sent == "got quit\n");
    }
    co_await end(on);
  });
}

TEST_CASE("a connection that closes shows what is still sent, and what is discarded") {
  over_tcp_and_unix([](test::ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    CHECK(peer.send("quit\n") == 5);
    auto heard = co_await test::read_to_end(on.reactor, peer);
    CHECK(heard == "got quit\n");
    const std::uint64_t number = last_number(on.server);
    REQUIRE(number > 0);
    Recorder seen;
    ConnectionTrace trace(on.server, number, seen);
    CHECK(trace.search(1) == State::attached);
    CHECK(trace.connection().state == ConnectionState::closing);
    CHECK(peer.send("too late\n") == 9);
    for (int turns = 0; turns < 20 && seen.received.empty(); ++turns) co_await on.reactor.next_turn();
    CHECK(seen.received == "too late\n");
    peer.finish();
    while (!seen.cause) co_await on.reactor.next_turn();
    CHECK(seen.cause == EndCause::finished);
    co_await end(on);
  });
}

TEST_CASE("a stream is traced as lines are, and across a hand-over no byte comes twice") {
  over_tcp_and_unix([](test::ListeningStage& on) -> Task<> {
    Echo echo;
    Handing handing(echo);
    auto listening = on.server.listen("127.0.0.1:0", handing, "handing");
    REQUIRE(listening.has_value());
    auto peer = co_await test::connect_served(on.server, on.reactor, *listening);
    Recorder seen;
    ConnectionTrace trace(on.server, last_number(on.server), seen);
    CHECK(trace.search(1000) == State::attached);
    CHECK(peer.send("one\nover\nraw bytes") == 18);
    auto heard = co_await test::read_bytes(on.reactor, peer, 8 + 9 + 9);
    CHECK(heard == "got one\ngot over\nraw bytes");
    CHECK(seen.received == "one\nover\nraw bytes");
    CHECK(seen.sent == heard);
    CHECK(trace.connection().state == ConnectionState::stream);
    const std::string much(300'000, 'm');
    std::string sent;
    std::string_view rest = much;
    while (sent.size() < much.size()) {
      rest.remove_prefix(peer.send(rest));
      sent += peer.receive();
      co_await on.reactor.next_turn();
    }
    CHECK((sent == much));
    CHECK((seen.sent == heard + much));
    CHECK((seen.received == "one\nover\nraw bytes" + much));
    peer.finish();
    while (!seen.cause) co_await on.reactor.next_turn();
    CHECK(seen.cause == EndCause::eof);
    co_await end(on);
  });
}

TEST_CASE("a pipe is traced, too") {
  test::ServerStage stage;
  stage.run([](test::ServerStage& on) -> Task<> {
    auto conn = on.client();
    Recorder seen;
    ConnectionTrace trace(on.server, last_number(on.server), seen);
    CHECK(trace.search(1) == State::attached);
    co_await test::say(conn, "a\nb\n");
    auto heard = co_await test::hear(conn, 12);
    CHECK(heard == "got a\ngot b\n");
    CHECK(seen.received == "a\nb\n");
    CHECK(seen.sent == heard);
    auto closed = conn.close();
    while (!seen.cause) co_await on.reactor.next_turn();
    CHECK(seen.cause == EndCause::eof);
  });
}

TEST_CASE("a number that is none is missing, after as many looks as there are connections") {
  test::ServerStage stage;
  stage.run([](test::ServerStage& on) -> Task<> {
    std::vector<Conn> clients;
    for (int count = 0; count < 10; ++count) clients.push_back(on.client());
    Recorder seen;
    {
      ConnectionTrace trace(on.server, 9, seen);
      CHECK(trace.search(4) == State::searching);
      CHECK(trace.search(4) == State::attached);
    }
    for (const std::uint64_t number : {0ULL, 11ULL, 1'000'000ULL}) {
      ConnectionTrace trace(on.server, number, seen);
      while (trace.search(3) == State::searching) co_await on.reactor.next_turn();
      CHECK(trace.state() == State::missing);
    }
    ConnectionTrace trace(on.server, 8, seen);
    CHECK(trace.search(6) == State::searching);
    clients.erase(clients.begin() + 7);
    co_await test::until(on.reactor, [&on] { return on.server.open_connections() == 9; });
    CHECK(trace.search(1) == State::missing);
    clients.clear();
    co_await test::until(on.reactor, [&on] { return on.server.open_connections() == 0; });
  });
}
