// send(2) takes a part of what it is given when the peer is slow. What is written next must wait behind the
// rest: code that tries to send it at once reorders the stream, code that replaces the rest loses it. The
// library keeps one queue per connection; small and large writes, made before and after the socket is full,
// arrive in order and once.
#include "traps/trap.hpp"

namespace {

using namespace traps;

constexpr std::size_t large = 1'500'000;
constexpr test::PeerOptions slow{.receive_buffer = 4096};

// Writes `bytes` in pieces of very different sizes, each in one to three parts: some are copied into the
// queue, some go to the kernel from where they lie.
Task<> write_pieces(Conn& conn, std::string_view bytes, std::size_t& taken_over) {
  constexpr std::size_t sizes[] = {1, 20'000, 7, 60'000, 200'000, 3, 64 * 1024, 64 * 1024 + 1, 500, 100'000};
  std::size_t at = 0;
  for (std::size_t piece = 0; at < bytes.size(); ++piece) {
    const std::string_view all = bytes.substr(at, sizes[piece % std::size(sizes)]);
    const std::string_view first = all.substr(0, all.size() / 3),
                           second = all.substr(first.size(), all.size() / 3);
    const std::string_view third = all.substr(first.size() + second.size());
    auto sent = co_await conn.write(first, second, third);
    if (!sent) break;
    taken_over += *sent;
    at += all.size();
  }
  auto finished = co_await conn.finish();
  CHECK(finished.has_value());
}

// Reads a little at each turn, and now and then not at all.
Task<> read_slowly(Reactor& reactor, Peer& peer, std::string& into) {
  for (std::size_t turn = 0; !peer.at_end(); ++turn) {
    if (turn % 3 != 0) into += peer.receive(30'000);
    co_await reactor.next_turn();
  }
  peer.close();
}

// Writes with a deadline that passes while the socket is full, again and again, going on where each one
// stopped.
Task<> write_with_deadlines(Conn& conn, std::string_view bytes, int& timeouts) {
  while (!bytes.empty()) {
    auto set = conn.set_write_deadline(conn.reactor().now() + 10ms);
    auto write = conn.write(bytes);
    auto sent = co_await write;
    bytes.remove_prefix(write.taken_over());
    if (sent) continue;
    if (sent.error() != ErrorCode::deadline_exceeded) break;
    ++timeouts;
  }
  auto cleared = conn.set_write_deadline(Time::never());
  auto finished = co_await conn.finish();
  CHECK(finished.has_value());
}

// Reads only now and then, so that deadlines pass in between.
Task<> read_rarely(Reactor& reactor, Peer& peer, std::string& into) {
  while (!peer.at_end()) {
    into += peer.receive(100'000);
    if (into.size() < 300'000) {
      auto slept = co_await reactor.sleep(25ms);
    } else {
      co_await reactor.next_turn();
    }
  }
  peer.close();
}

// A StreamHandler that writes from two tasks' worth of places: what the session flushes and what it writes
// itself.
class Echo final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    Buffer bytes;
    while (true) {
      auto received = co_await conn.read(bytes);
      if (!received) co_return;
      auto sent = co_await conn.write(bytes.view());
      if (!sent) co_return;
      bytes.clear();
    }
  }
};

Task<> send_then_finish(Reactor& reactor, Peer& peer, const std::string& bytes, std::string& back) {
  std::string_view left = bytes;
  while (!left.empty()) {
    left.remove_prefix(peer.send(left.substr(0, 50'000)));
    back += peer.receive(10'000);
    co_await reactor.next_turn();
  }
  peer.finish();
  const std::string rest = co_await test::read_to_end(reactor, peer);
  back += rest;
}

}  // namespace

TEST_CASE("partial write: writes of all sizes to a slow peer arrive in order, once each") {
  const std::string bytes = numbered(large);
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport, slow);
    std::size_t taken_over = 0;
    std::string received;
    reactor.spawn(write_pieces(link.conn, bytes, taken_over));
    test::run(reactor, read_slowly(reactor, link.peer, received));
    CHECK(taken_over == bytes.size());
    CHECK(same(received, bytes));
  }
}

TEST_CASE(
    "partial write: a write cut off by its deadline tells how far it came, and the next goes on from there") {
  const std::string bytes = numbered(4 * large);  // more than a socket takes at once
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    VirtualClock clock;
    Reactor reactor(clock);
    test::Link link = test::connect(reactor, transport, slow);
    int timeouts = 0;
    std::string received;
    reactor.spawn(write_with_deadlines(link.conn, bytes, timeouts));
    test::run(reactor, read_rarely(reactor, link.peer, received));
    CHECK(timeouts > 0);
    CHECK(same(received, bytes));
  }
}

TEST_CASE("partial write: an echo server keeps the order while both directions are full") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher;
  Echo echo;
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", echo);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address, slow);
  const std::string bytes = numbered(large);
  std::string back;
  test::run(reactor, send_then_finish(reactor, peer, bytes, back));
  CHECK(same(back, bytes));
  CHECK(watcher.cause == EndCause::eof);
}
