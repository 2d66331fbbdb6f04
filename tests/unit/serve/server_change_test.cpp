// A Server that is changed while it serves: listeners come, go and get other handlers, limits change.
#include <array>

#include "support/listening_stage.hpp"

using reactord::Address;
using reactord::EndCause;
using reactord::Limits;
using reactord::Listener;
using reactord::ListenerId;
using reactord::OverLimit;
using reactord::Task;
using test::ListeningStage;
using test::Peer;
using namespace std::chrono_literals;

namespace {

class Shouts final : public reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override { reply.write(line, "!\n"); }
};

struct ChangeStage : ListeningStage {
  explicit ChangeStage(const Limits& limits = {}) : ListeningStage(limits) {
    auto listener = reactord::listen(reactor, "tcp", "127.0.0.1:0");
    REQUIRE(listener.has_value());
    where = listener->local_addr();
    id = server.listen(std::move(*listener), handler, "second");
  }
  Peer connect_second(std::string_view text) { return connect_to(where, text); }
  bool is_free() { return reactord::listen(reactor, where).has_value(); }

  Shouts shouts;
  Address where;
  ListenerId id = 0;
};

Limits at_most(std::size_t count, OverLimit then) {
  Limits limits;
  limits.connections = {.most = count, .then = then};
  return limits;
}

Limits each_address(std::size_t count, OverLimit then) {
  Limits limits;
  limits.connections_per_address = {.most = count, .then = then};
  return limits;
}

Task<> check_reply(ListeningStage& on, Peer& peer, std::string text) {
  auto reply = co_await test::read_line(on.reactor, peer);
  CHECK(reply == text);
}

}  // namespace

TEST_CASE("a listener that is stopped serves its queue, frees its address, and its connections go on") {
  ChangeStage stage;
  stage.run([](ChangeStage& on) -> Task<> {
    Peer connected = on.connect_second("1\n");
    co_await check_reply(on, connected, "got 1\n");
    Peer queued = on.connect_second("2\n");
    on.server.stop_listening(on.id);
    on.server.stop_listening(on.id);
    co_await check_reply(on, queued, "got 2\n");
    co_await on.settle();
    CHECK(on.is_free());
    CHECK(connected.send("3\n") == 2);
    co_await check_reply(on, connected, "got 3\n");
    Peer other = on.connect("4\n");
    co_await check_reply(on, other, "got 4\n");
    on.server.stop_listening(on.id);  // of one that has ended: nothing
    on.server.stop_listening(77);
    on.server.drain(1s);
  });
}

TEST_CASE("a listener gets another handler: its connections keep theirs, and nobody in its queue is lost") {
  ChangeStage stage;
  stage.run([](ChangeStage& on) -> Task<> {
    Peer before = on.connect_second("1\n");
    co_await check_reply(on, before, "got 1\n");
    for (int round = 0; round < 3; ++round) {
      Peer queued = on.connect_second("2\n");
      on.id = on.server.change_handler(on.id, on.shouts, "shouts");
      co_await check_reply(on, queued, "2!\n");
    }
    CHECK(before.send("3\n") == 2);
    co_await check_reply(on, before, "got 3\n");
    on.server.stop_listening(on.id);
    co_await on.settle();
    CHECK(on.is_free());
    on.server.drain(1s);
  });
}

TEST_CASE("a handler changes also while a full server holds its listeners back") {
  ChangeStage stage(at_most(1, OverLimit::defer));
  stage.run([](ChangeStage& on) -> Task<> {
    Peer first = on.connect_second("1\n");
    co_await check_reply(on, first, "got 1\n");
    Peer queued = on.connect_second("2\n");
    co_await on.settle();
    on.id = on.server.change_handler(on.id, on.shouts, "shouts");
    co_await on.settle();
    CHECK(queued.receive().empty());
    first.close();
    co_await check_reply(on, queued, "2!\n");
    on.server.drain(1s);
  });
}

TEST_CASE("a new limit counts those who came before it, and a lifted one lets in who waits") {
  ChangeStage stage;
  stage.run([](ChangeStage& on) -> Task<> {
    Peer one = on.connect("1\n"), two = on.connect("2\n");
    co_await check_reply(on, one, "got 1\n");
    co_await check_reply(on, two, "got 2\n");
    on.server.set_limits(at_most(2, OverLimit::defer));
    Peer three = on.connect("3\n");
    co_await on.settle();
    CHECK(three.receive().empty());
    one.close();
    co_await check_reply(on, three, "got 3\n");
    Peer four = on.connect("4\n");
    co_await on.settle();
    CHECK(four.receive().empty());
    on.server.set_limits(at_most(3, OverLimit::defer));
    co_await check_reply(on, four, "got 4\n");
    on.server.set_limits(at_most(1, OverLimit::reject));  // less than there are: they stay
    Peer five = on.connect("5\n");
    auto told = co_await test::read_to_end(on.reactor, five);
    CHECK(told == "ERR too many connections (max 1)\n");
    CHECK(two.send("6\n") == 2);
    co_await check_reply(on, two, "got 6\n");
    on.server.set_limits({});
    Peer seven = on.connect("7\n");
    co_await check_reply(on, seven, "got 7\n");
    on.server.drain(1s);
  });
}

TEST_CASE("who waits for its address's turn is judged anew, in its order") {
  ChangeStage stage(each_address(1, OverLimit::defer));
  stage.run([](ChangeStage& on) -> Task<> {
    Peer one = on.connect("1\n");
    co_await check_reply(on, one, "got 1\n");
    // So many may wait as may be served.
    on.server.set_limits(each_address(3, OverLimit::defer));
    std::array<Peer, 2> served{on.connect("a\n"), on.connect("b\n")};
    for (Peer& peer : served) {
      auto line = co_await test::read_line(on.reactor, peer);
      CHECK(line.starts_with("got "));
    }
    std::array<Peer, 2> waiting{on.connect("2\n"), on.connect("3\n")};
    co_await on.settle();
    CHECK(waiting[0].receive().empty());
    Limits by_another_prefix = each_address(4, OverLimit::defer);
    by_another_prefix.ip6_prefix = 48;
    on.server.set_limits(by_another_prefix);
    co_await check_reply(on, waiting[0], "got 2\n");
    co_await on.settle();
    CHECK(waiting[1].receive().empty());
    on.server.set_limits({});
    co_await check_reply(on, waiting[1], "got 3\n");
    on.server.set_limits(each_address(1, OverLimit::reject));
    Peer last = on.connect("x\n");
    auto told = co_await test::read_to_end(on.reactor, last);
    CHECK(told == "ERR too many connections from your address (max 1)\n");
    on.server.drain(1s);
  });
}

TEST_CASE("a lifetime that is taken away ends nobody, and a new one is for new connections") {
  Limits mortal;
  mortal.lifetime = 10s;
  mortal.lifetime_jitter_percent = 0;
  ChangeStage stage(mortal);
  stage.run([](ChangeStage& on) -> Task<> {
    Peer old = on.connect("1\n");
    co_await check_reply(on, old, "got 1\n");
    on.server.set_limits({});
    auto slept = co_await on.reactor.sleep(11s);
    CHECK(slept.has_value());
    CHECK(old.send("2\n") == 2);
    co_await check_reply(on, old, "got 2\n");
    on.server.drain(1s);
  });
  CHECK(stage.server.ended(EndCause::lifetime) == 0);
}

TEST_CASE("a listener that is added while the server drains serves nobody") {
  ChangeStage stage;
  stage.run([](ChangeStage& on) -> Task<> {
    Peer busy = on.connect("half a line");
    co_await on.settle();
    on.server.drain(1s);
    auto listener = reactord::listen(on.reactor, "tcp", "127.0.0.1:0");
    CHECK(listener.has_value());
    if (!listener) co_return;
    on.server.listen(std::move(*listener), on.handler, "late");
    co_await on.settle();
  });
}

TEST_CASE("a server whose listeners come and go keeps nothing of those that went") {
  ChangeStage stage;
  stage.run([](ChangeStage& on) -> Task<> {
    Peer connected = on.connect_second("1\n");
    co_await check_reply(on, connected, "got 1\n");
    on.server.stop_listening(on.id);
    for (int round = 0; round < 100; ++round) {
      auto listener = reactord::listen(on.reactor, "tcp", "127.0.0.1:0");
      CHECK(listener.has_value());
      if (!listener) break;
      const ListenerId id = on.server.listen(std::move(*listener), on.handler, "passing");
      on.server.stop_listening(id);
      co_await on.settle();
    }
    CHECK(connected.send("2\n") == 2);
    co_await check_reply(on, connected, "got 2\n");
    on.server.drain(1s);
  });
}

TEST_CASE("a server says whether a handler may still be called") {
  ChangeStage stage;
  stage.run([](ChangeStage& on) -> Task<> {
    CHECK_FALSE(on.server.is_serving(on.shouts));
    on.id = on.server.change_handler(on.id, on.shouts, "shouts");
    CHECK(on.server.is_serving(on.shouts));
    Peer connected = on.connect_second("1\n");
    co_await check_reply(on, connected, "1!\n");
    on.server.stop_listening(on.id);
    CHECK(on.server.is_serving(on.shouts));  // its queue
    co_await on.settle();
    CHECK(on.server.is_serving(on.shouts));  // its connection
    connected.close();
    co_await on.settle();
    CHECK_FALSE(on.server.is_serving(on.shouts));
    CHECK(on.server.is_serving(on.handler));
    on.server.drain(1s);
  });
}

TEST_CASE("a handler may still be called while a connection waits for its address's turn") {
  ChangeStage stage(each_address(1, OverLimit::defer));
  stage.run([](ChangeStage& on) -> Task<> {
    Peer first = on.connect("1\n");
    co_await check_reply(on, first, "got 1\n");
    on.id = on.server.change_handler(on.id, on.shouts, "shouts");
    Peer second = on.connect_second("2\n");
    co_await on.settle();
    on.server.stop_listening(on.id);
    co_await on.settle();
    CHECK(on.server.is_serving(on.shouts));
    first.close();
    co_await check_reply(on, second, "2!\n");
    second.close();
    co_await on.settle();
    CHECK_FALSE(on.server.is_serving(on.shouts));
    on.server.drain(1s);
  });
}
