// The allocator refuses, once or for a while, wherever that may be: the connection that it concerns ends and says why,
// or its client waits; the server goes on, and its books balance.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "reactord/dial.hpp"
#include "reactord/server.hpp"
#include "support/loopback.hpp"
#include "support/no_memory.hpp"

using reactord::Buffer;
using reactord::BufferPool;
using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Limits;
using reactord::Listener;
using reactord::Task;
using test::NoMemory;
using test::Peer;
using namespace std::chrono_literals;

namespace {

class Answers final : public reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override {
    reply.write("got ", std::string_view(line).substr(0, 3), "\n");
  }
};

class Echoes final : public reactord::StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    Buffer input;
    while (true) {
      auto read = co_await conn.read(input);
      if (!read) co_return;
      auto sent = co_await conn.write(input.view());
      if (!sent) co_return;
      input.clear();
    }
  }
};

// Asks for no memory itself.
struct Ends final : reactord::ServerObserver {
  void on_closed(const reactord::ConnectionEnd& end) override {
    const bool of_memory = (end.cause == EndCause::error && end.error == ENOMEM) ||
                           (end.cause == EndCause::over_limit && end.limit == "max-buffers");
    ++(of_memory ? without_memory : others);
  }
  void on_accept_paused(const Error&, reactord::Duration) override { ++pauses; }
  int without_memory = 0, others = 0, pauses = 0;
};

struct MemoryStage : test::Stage {
  explicit MemoryStage(const Limits& limits = {}) : server(reactor, {.limits = limits, .observer = &ends}) {
    lines = *server.listen("127.0.0.1:0", answers);
    stream = *server.listen("unix:@reactord-memory-runs-out", echoes, "echo");
  }
  // As many turns as it takes to do what can be done now. Without memory of its own.
  Task<> settle() {
    for (int turns = 0; turns < 40; ++turns) co_await reactor.next_turn();
  }

  Ends ends;
  Answers answers;
  Echoes echoes;
  reactord::Server server;
  reactord::Address lines, stream;
};

// Two clients talk while two others connect, and the allocator refuses `times` from the allocation `nth` on.
Task<> talk(MemoryStage& on, std::size_t nth, std::size_t times, std::size_t& refused) {
  const std::string half(20'000, 'x');
  std::array<Peer, 4> peers{Peer::connect(on.lines), Peer::connect(on.stream), Peer(), Peer()};
  Task<> settling = on.settle();
  co_await std::move(settling);
  peers[0].send(half);
  peers[1].send(half);
  peers[2] = Peer::connect(on.lines);
  peers[3] = Peer::connect(on.stream);
  peers[2].send("one\n" + half);
  peers[3].send("two");
  {
    Task<> within = on.settle();
    NoMemory refusal(nth, times);
    co_await std::move(within);
    refusal.end();
    refused = refusal.refused();
  }
  auto slept = co_await on.reactor.sleep(2s);  // the longest pause of a listener is over
  CHECK(slept.has_value());
  for (std::size_t at : {0U, 2U})
    ::send(peers[at].fd(), "\n", 1, MSG_NOSIGNAL);  // to one that has ended, perhaps
  for (Peer& peer : peers) ::shutdown(peer.fd(), SHUT_WR);
  Task<> last = on.settle();
  co_await std::move(last);
  int answered = 0;
  for (std::size_t at = 0; at < peers.size(); ++at) {
    const std::string got = peers[at].receive();
    answered += at % 2 == 0 ? got.find("got xxx\n") != got.npos : got == (at == 1 ? half : "two");
  }
  CHECK(answered + on.ends.without_memory == 4);

  Peer later = Peer::connect(on.lines);
  later.send("later\n");
  auto reply = co_await test::read_line(on.reactor, later);
  CHECK(reply == "got lat\n");
  on.server.drain(1s);
}

}  // namespace

TEST_CASE("whichever one allocation fails, at most its own connection ends, for want of memory") {
  std::size_t refused = 1;
  int ended = 0, paused = 0;
  std::size_t nth = 0;
  for (; refused > 0; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 1000);
    MemoryStage stage;
    test::run(stage.reactor, talk(stage, nth, 1, refused));
    CHECK(stage.ends.without_memory <= 1);
    CHECK(stage.server.check());
    CHECK(stage.server.open_connections() == 0);
    CHECK(stage.reactor.live_tasks() == 0);
    CHECK(stage.reactor.buffers().bytes_in_use() == stage.reactor.replies().capacity());
    ended += stage.ends.without_memory;
    paused += stage.ends.pauses;
  }
  CHECK(nth > 8);
  CHECK(ended > 0);
  CHECK(paused > 0);
}

TEST_CASE("for as long as there is no memory at all, those who need some end or wait, and the server stays") {
  std::size_t refused = 1;
  for (std::size_t nth = 0; refused > 0; ++nth) {
    CAPTURE(nth);
    MemoryStage stage;
    test::run(stage.reactor, talk(stage, nth, NoMemory::all, refused));
    CHECK(stage.server.check());
    CHECK(stage.server.open_connections() == 0);
    CHECK(stage.reactor.live_tasks() == 0);
    CHECK(stage.reactor.buffers().bytes_in_use() == stage.reactor.replies().capacity());
  }
}

TEST_CASE(
    "while there is no memory for a connection, clients wait in the kernel's queue, and all are served") {
  MemoryStage stage;
  stage.run([](MemoryStage& on) -> Task<> {
    std::vector<Peer> peers;
    for (int count = 0; count < 20; ++count) {
      peers.push_back(Peer::connect(on.lines));
      peers.back().send("hello\n");
    }
    {
      Task<> within = on.settle();
      NoMemory refusal(0, NoMemory::all);
      co_await std::move(within);
    }
    CHECK(on.server.accepted() == 0);
    CHECK(on.ends.pauses == 1);
    auto slept = co_await on.reactor.sleep(1s);
    CHECK(slept.has_value());
    for (Peer& peer : peers) {
      auto reply = co_await test::read_line(on.reactor, peer);
      CHECK(reply == "got hel\n");
    }
    on.server.drain(1s);
  });
  CHECK(stage.ends.without_memory == 0);
}

TEST_CASE("memory that runs out below max-buffers sheds those who hold most, and the small ones stay") {
  MemoryStage stage;
  stage.run([](MemoryStage& on) -> Task<> {
    Peer small = Peer::connect(on.lines);
    small.send("hel");
    std::vector<Peer> greedy;
    for (int count = 0; count < 8; ++count) {
      greedy.push_back(Peer::connect(on.lines));
      greedy.back().send(std::string(40'000, 'x'));
    }
    Task<> settling = on.settle();
    co_await std::move(settling);
    Peer last = Peer::connect(on.lines);
    last.send(std::string(40'000, 'x'));
    {
      Task<> within = on.settle();
      NoMemory refusal(0, 2,
                       60'000);  // of storage for so much, once, and again when the idle one is given back
      co_await std::move(within);
      CHECK(refusal.refused() == 2);
    }
    auto lingered = co_await on.reactor.sleep(3s);
    CHECK(lingered.has_value());
    CHECK(on.ends.without_memory >= 2);
    CHECK(on.ends.without_memory < 8);
    small.send("lo\n");
    auto reply = co_await test::read_line(on.reactor, small);
    CHECK(reply == "got hel\n");
    for (Peer& peer : greedy) peer.reset();
    on.server.drain(1s);
  });
}

TEST_CASE("a read and a write that there is no memory for fail with ENOMEM and end the connection") {
  for (const bool write : {false, true}) {
    test::ConnStage scene(test::Transport::tcp);
    scene.run(
        [](test::ConnStage& on, bool writes) -> Task<> {
          on.peer.send("hello");
          Buffer input;
          co_await on.reactor.next_turn();
          NoMemory refusal(0, NoMemory::all);
          int failure = 0;
          if (writes) {
            auto sent = co_await on.conn.write("hello");
            refusal.end();
            REQUIRE(!sent.has_value());
            failure = sent.error().system_errno();
          } else {
            auto read = co_await on.conn.read(input);
            refusal.end();
            REQUIRE(!read.has_value());
            failure = read.error().system_errno();
          }
          CHECK(failure == ENOMEM);
          auto again = co_await on.conn.read(input);
          REQUIRE(!again.has_value());
          CHECK(again.error().is_closed());
        },
        write);
    CHECK(scene.reactor.buffers().bytes_in_use() == 0);
  }
}

TEST_CASE("a dial that is refused memory fails, whichever allocation that is, and leaks nothing") {
  std::size_t refused = 1;
  int connected = 0;
  for (std::size_t nth = 0; refused > 0; ++nth) {
    CAPTURE(nth);
    REQUIRE(nth < 1000);
    const test::DescriptorCheck descriptors;
    reactord::VirtualClock clock;
    reactord::Reactor reactor(clock);
    auto listener = reactord::listen(reactor, "tcp", "127.0.0.1:0");
    REQUIRE(listener.has_value());
    test::run(
        reactor,
        [](reactord::Reactor& on, reactord::Address to, std::size_t from, std::size_t& refusals,
           int& connections) -> Task<> {
          NoMemory refusal(from);
          try {
            auto conn = co_await reactord::dial(on, to);
            refusal.end();
            connections += conn.has_value();
            if (!conn) CHECK(conn.error().system_errno() == ENOMEM);
          } catch (const std::bad_alloc&) {
            refusal.end();
          }
          refusals = refusal.refused();
        },
        listener->local_addr(), nth, refused, connected);
    CHECK(reactor.live_tasks() == 0);
  }
  CHECK(connected > 0);
}

TEST_CASE("a pool that is refused gives back what lies idle, tries again, and then tells its keeper") {
  struct Keeper final : BufferPool::Keeper {
    void on_exhausted() noexcept override { ++exhausted; }
    int exhausted = 0;
  } keeper;
  BufferPool pool;
  pool.set_keeper(&keeper);
  Buffer buffer;
  buffer.append(pool, std::string(3000, 'x'));
  buffer.clear();
  CHECK(pool.bytes_idle() == 4096);
  {
    const std::string text(200, 'y');
    NoMemory refusal(0, 1);
    buffer.append(pool, text);
  }
  CHECK(buffer.size() == 200);
  CHECK(pool.bytes_idle() == 0);
  CHECK(keeper.exhausted == 0);
  {
    const std::string text(2000, 'z');
    NoMemory refusal(0, 2);
    CHECK_THROWS_AS(buffer.append(pool, text), std::bad_alloc);
  }
  CHECK(buffer.view() == std::string(200, 'y'));
  CHECK(keeper.exhausted == 1);
}

TEST_CASE("an error is made, named and copied without memory: it says less, and fails nobody") {
  std::string source = "127.0.0.1:1000", address = "[2001:db8::1234:5678]:443";
  NoMemory refusal(0, NoMemory::all);
  Error error = Error::from_errno(ENOMEM, "accept");
  Error named = Error(ErrorCode::closed).with_operation("read", "tcp", std::move(source), std::move(address));
  Error said = Error::with_text(ErrorCode::cancelled, "a text that is longer than a short string");
  Error copy = said;
  refusal.end();
  CHECK(refusal.refused() > 0);
  CHECK(error.system_errno() == ENOMEM);
  CHECK(error.text() == "cannot allocate memory");
  CHECK(named.is_closed());
  CHECK(copy.is_cancelled());
}
