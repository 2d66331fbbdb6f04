// A Server with a LineHandler: transcripts, why connections end, draining and killing.
#include "reactord/server.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "support/listening_stage.hpp"

using reactord::EndCause;
using reactord::Limits;
using reactord::Reactor;
using reactord::Server;
using reactord::Task;
using reactord::Time;
using test::ListeningStage;
using test::Peer;
using namespace std::chrono_literals;

namespace {

Limits short_lines() {
  Limits limits;
  limits.max_line = 16;
  return limits;
}

Limits patient() {
  Limits limits;
  limits.idle_timeout = 0s;
  return limits;
}

}  // namespace

TEST_CASE("lines are answered in order, the last one without a newline too, then the connection ends") {
  for (const char* where : {"127.0.0.1:0", "unix:@"}) {
    CAPTURE(where);
    ListeningStage stage({}, where);
    stage.run([](ListeningStage& on) -> Task<> {
      auto peer = co_await on.connect_served();
      peer.send("a\r\nb\n\ntail");
      peer.finish();
      auto transcript = co_await test::read_to_end(on.reactor, peer);
      CHECK(transcript == "got a\ngot b\ngot \ngot tail\n");
      CHECK(peer.error() == 0);
      on.check_counts();
      on.server.drain(1s);
    });
    CHECK(stage.observer.summaries() == std::vector<std::string>{"line eof error=0 lines=4 in=10 out=26"});
  }
}

TEST_CASE("bytes that arrive one at a time give the same transcript") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    static constexpr std::string_view text = "a\r\nb\n\ntail";
    for (std::size_t index = 0; index < text.size(); ++index) {
      const std::string_view byte = text.substr(index, 1);
      co_await test::send_all(on.reactor, peer, byte);
      co_await on.reactor.next_turn();
    }
    peer.finish();
    auto transcript = co_await test::read_to_end(on.reactor, peer);
    CHECK(transcript == "got a\ngot b\ngot \ngot tail\n");
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::eof) == 1);
}

TEST_CASE("ten thousand pipelined lines and a half-close: every one is answered") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    std::string request, expected, replies;
    for (int number = 0; number < 10'000; ++number) {
      request += std::to_string(number) + '\n';
      expected += "got " + std::to_string(number) + '\n';
    }
    std::string_view left = request;
    while (!peer.at_end()) {
      const bool had_some = !left.empty();
      if (had_some) left.remove_prefix(peer.send(left));
      if (had_some && left.empty()) peer.finish();
      replies += peer.receive();
      co_await on.reactor.next_turn();
    }
    CHECK(peer.error() == 0);
    CHECK(replies == expected);
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::eof) == 1);
}

Limits without_line_timeout() {
  Limits limits;
  limits.line_timeout = 0s;
  return limits;
}

TEST_CASE(
    "without a line timeout, a connection without a complete line ends at the idle timeout, which only a "
    "line renews") {
  ListeningStage stage(without_line_timeout());
  stage.run([](ListeningStage& on) -> Task<> {
    auto silent = co_await on.connect_served();
    auto trickling = co_await on.connect_served();
    auto talking = co_await on.connect_served();
    auto first = co_await on.reactor.sleep(30s);
    CHECK(first.has_value());
    trickling.send("half");
    talking.send("line\n");
    auto reply = co_await test::read_line(on.reactor, talking);
    CHECK(reply == "got line\n");
    auto second = co_await on.reactor.sleep(29s);
    CHECK(second.has_value());
    CHECK(on.server.open_connections() == 3);
    auto third = co_await on.reactor.sleep(2s);
    CHECK(third.has_value());
    for (Peer* peer : {&silent, &trickling}) {
      auto nothing = co_await test::read_to_end(on.reactor, *peer);
      CHECK(nothing.empty());
      CHECK(peer->error() == 0);
      peer->close();
    }
    auto fourth = co_await on.reactor.sleep(27s);
    CHECK(fourth.has_value());
    CHECK(on.server.ended(EndCause::idle) == 2);
    CHECK(on.server.open_connections() == 1);
    auto fifth = co_await on.reactor.sleep(3s);
    CHECK(fifth.has_value());
    auto end = co_await test::read_to_end(on.reactor, talking);
    CHECK(end.empty());
    talking.close();
    const auto is_gone = [&on] { return on.server.open_connections() == 0; };
    co_await test::until(on.reactor, is_gone);
    CHECK(on.server.ended(EndCause::idle) == 3);
    on.server.drain(1s);
  });
}

TEST_CASE("without an idle timeout a silent connection stays") {
  ListeningStage stage(patient());
  stage.run([](ListeningStage& on) -> Task<> {
    auto silent = co_await on.connect_served();
    auto slept = co_await on.reactor.sleep(365 * 24h);
    CHECK(slept.has_value());
    silent.send("still there\n");
    auto reply = co_await test::read_line(on.reactor, silent);
    CHECK(reply == "got still there\n");
    silent.close();
    on.server.drain(1s);
  });
}

TEST_CASE("a line that is too long is told so, after what came before it was answered") {
  for (const char* flood : {"ok\n0123456789abcdef\nmore\n", "ok\n0123456789abcdef0123456789"}) {
    CAPTURE(std::string(flood));
    ListeningStage stage(short_lines());
    stage.run(
        [](ListeningStage& on, std::string_view text) -> Task<> {
          auto peer = co_await on.connect_served();
          peer.send(text);
          auto transcript = co_await test::read_to_end(on.reactor, peer);
          CHECK(transcript == "got ok\nERR line too long (max 16)\n");
          CHECK(peer.error() == 0);
          peer.close();
          on.server.drain(1s);
        },
        flood);
    CHECK(stage.server.ended(EndCause::line_too_long) == 1);
  }
}

TEST_CASE("a handler can end the connection: what it wrote is sent, what follows is not answered") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    peer.send("one\nquit\nthree\n");
    auto transcript = co_await test::read_to_end(on.reactor, peer);
    CHECK(transcript == "got one\ngot quit\n");
    CHECK(peer.error() == 0);
    peer.close();
    on.server.drain(1s);
  });
  CHECK(stage.observer.summaries() == std::vector<std::string>{"line finished error=0 lines=2 in=15 out=17"});
}

TEST_CASE("a peer that breaks off is counted as reset") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    peer.reset();
    const auto is_gone = [&on] { return on.server.open_connections() == 0; };
    co_await test::until(on.reactor, is_gone);
    on.server.drain(1s);
  });
  const std::string expected = "line reset error=" + std::to_string(ECONNRESET) + " lines=0 in=0 out=0";
  CHECK(stage.observer.summaries() == std::vector<std::string>{expected});
}

TEST_CASE("a peer that reads nothing is given up after the send timeout, in bounded memory") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served({.receive_buffer = 4096});
    std::string request;
    for (int count = 0; count < 5000; ++count) request += "big\n";  // 50 MB of replies
    co_await test::send_all(on.reactor, peer, request);
    const Time start = on.reactor.now();
    const auto is_gone = [&on] { return on.server.open_connections() == 0; };
    while (!is_gone()) {
      CHECK(on.reactor.buffers().bytes_in_use() <= 1024 * 1024);
      auto slept = co_await on.reactor.sleep(1s);
      CHECK(slept.has_value());
    }
    CHECK(on.reactor.now() - start >= reactord::Conn::send_timeout);
    CHECK(on.reactor.now() - start <= reactord::Conn::send_timeout + 3s);
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::slow_reader) == 1);
}

TEST_CASE("a drain ends idle connections at once, and those that wait to be accepted are served") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto idle = co_await on.connect_served();
    auto spoken = co_await on.connect_served();
    spoken.send("a\n");
    auto reply = co_await test::read_line(on.reactor, spoken);
    CHECK(reply == "got a\n");
    const Time start = on.reactor.now();
    Peer queued = Peer::connect(on.address);
    co_await test::send_all(on.reactor, queued, "waiting\n");
    on.server.drain(10s);
    on.server.drain(20s);  // has no effect
    CHECK(on.server.is_draining());
    for (Peer* peer : {&idle, &spoken}) {
      auto nothing = co_await test::read_to_end(on.reactor, *peer);
      CHECK(nothing.empty());
      CHECK(peer->error() == 0);
      peer->close();
    }
    auto transcript = co_await test::read_to_end(on.reactor, queued);
    CHECK((transcript == "got waiting\n" || transcript.empty()));
    queued.close();
    const auto is_done = [&on] { return on.observer.drained == 1; };
    co_await test::until(on.reactor, is_done);
    CHECK(on.reactor.now() == start);
  });
  CHECK(stage.server.accepted() == 3);
  CHECK(stage.server.ended(EndCause::drained) == 3);
}

TEST_CASE("a drain answers every line that was received, and lets a half one be completed") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    co_await test::send_all(on.reactor, peer, "one\ntwo\nha");
    on.server.drain(10s);
    auto answered = co_await test::read_bytes(on.reactor, peer, 16);
    CHECK(answered == "got one\ngot two\n");
    CHECK(on.server.open_connections() == 1);
    peer.send("lf\nafter the drain\n");
    auto rest = co_await test::read_to_end(on.reactor, peer);
    CHECK(rest == "got half\n");
    CHECK(peer.error() == 0);
  });
  CHECK(stage.server.ended(EndCause::drained) == 1);
}

TEST_CASE("a drain that takes too long kills the rest") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto peer = co_await on.connect_served();
    co_await test::send_all(on.reactor, peer, "half");
    const Time start = on.reactor.now();
    on.server.set_limits({.drain_line_timeout = 0s});
    on.server.drain(10s);
    auto slept = co_await on.reactor.sleep(9s);
    CHECK(slept.has_value());
    CHECK(on.server.open_connections() == 1);
    auto more = co_await on.reactor.sleep(1s);
    CHECK(more.has_value());
    const auto is_gone = [&on] { return on.server.open_connections() == 0; };
    co_await test::until(on.reactor, is_gone);
    CHECK(on.reactor.now() - start <= 10s + 1ms);
  });
  CHECK(stage.server.ended(EndCause::killed) == 1);
}

TEST_CASE("kill ends everything at once") {
  ListeningStage stage;
  stage.run([](ListeningStage& on) -> Task<> {
    auto one = co_await on.connect_served();
    auto two = co_await on.connect_served();
    co_await test::send_all(on.reactor, two, "half");
    on.server.kill();
    for (Peer* peer : {&one, &two}) auto rest = co_await test::read_to_end(on.reactor, *peer);
  });
  CHECK(stage.server.ended(EndCause::killed) == 2);
}

TEST_CASE("where it can't listen it says so in Go's words") {
  ListeningStage stage;
  test::Answers handler;
  const auto twice = stage.server.listen(stage.address.text(), handler);
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().text() == "listen tcp " + stage.address.text() + ": bind: address already in use");
  const auto nonsense = stage.server.listen("localhost", handler);
  REQUIRE_FALSE(nonsense.has_value());
  CHECK(nonsense.error().text() == "listen tcp: address localhost: missing port in address");
}

TEST_CASE("a server that goes while it serves leaves no task and no descriptor") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  {
    test::Answers handler;
    Server server(reactor);
    const auto address = server.listen("127.0.0.1:0", handler);
    REQUIRE(address.has_value());
    Peer peer = Peer::connect(*address);
    static constexpr auto stop = [](Reactor& on, Server& of) -> Task<> {
      while (of.open_connections() == 0) co_await on.next_turn();
      on.stop();
    };
    reactor.spawn(stop(reactor, server));
    REQUIRE(reactor.run().has_value());
    CHECK(reactor.live_tasks() == 2);  // the accept loop and the session
  }
  CHECK(reactor.live_tasks() == 0);
  CHECK(reactor.open_descriptors() == 0);
}

TEST_CASE("every cause has a name of its own") {
  std::vector<std::string> names;
  for (std::size_t cause = 0; cause < reactord::end_causes; ++cause) {
    names.emplace_back(to_string(static_cast<EndCause>(cause)));
  }
  CHECK(names == std::vector<std::string>{"eof", "finished", "reset", "idle", "slow-line", "slow-reader",
                                          "no-answer", "lifetime", "line-too-long", "over-limit", "over-rate",
                                          "proxy-header", "drained", "killed", "error"});
}
