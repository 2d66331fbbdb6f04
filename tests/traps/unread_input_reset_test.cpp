// close(2) on a socket with unread input sends a reset, and the reset destroys what the peer has not read
// yet: our last reply. The library sends everything and its FIN first, then reads and discards within limits,
// and only then closes: a peer that sent more than was read gets the whole reply and an orderly end.
#include "traps/trap.hpp"

namespace {

using namespace traps;

// Reads one byte, replies and closes, whatever else the peer has sent or will send.
Task<> reply_and_close(Conn& conn, const std::string& reply, ErrorCode& failure) {
  char byte = 0;
  auto read = co_await conn.read(std::span(&byte, 1));
  auto sent = co_await conn.write(reply);
  if (!sent) failure = sent.error().code();
  auto finished = co_await conn.finish();
  if (!finished) failure = finished.error().code();
}

// Sends on and on while it reads the reply in small pieces, and ends in order.
Task<> overwhelm(Reactor& reactor, Peer& peer, std::string_view input, std::string& received,
                 bool& in_order) {
  while (!peer.at_end()) {
    if (!input.empty()) input.remove_prefix(peer.send(input.substr(0, 8192)));
    received += peer.receive(20'000);
    co_await reactor.next_turn();
  }
  // After a reset that came behind our FIN there is no connection left to finish.
  in_order = peer.error() == 0 && ::shutdown(peer.fd(), SHUT_WR) == 0;
}

struct Outcome {
  std::string received;
  ErrorCode failure{ErrorCode::invalid};  // invalid: none
  bool in_order = false;                  // it ended for the peer with FIN, and no reset behind it
};

Outcome exchange(Transport transport, std::string_view at_once, std::string_view later,
                 const std::string& reply) {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Outcome outcome;
  test::Link link = test::connect(reactor, transport, {.receive_buffer = 8192});
  CHECK(link.peer.send(at_once) == at_once.size());
  settle(link.conn, at_once.size());
  reactor.spawn(reply_and_close(link.conn, reply, outcome.failure));
  test::run(reactor, overwhelm(reactor, link.peer, later, outcome.received, outcome.in_order));
  return outcome;
}

class LastWord final : public LineHandler {
 public:
  explicit LastWord(std::string word) : word_(std::move(word)) {}
  void on_line(std::string_view, Reply& reply) override {
    reply.write(word_);
    reply.close();
  }

 private:
  std::string word_;
};

}  // namespace

TEST_CASE("unread input: the last reply arrives whole although the peer had sent more than was read") {
  const std::string input = numbered(40'000), reply = numbered(600'000);
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    for (const std::string& answer : {std::string("short"), reply}) {
      const Outcome outcome = exchange(transport, input, "", answer);
      CHECK(same(outcome.received, answer));
      CHECK(outcome.in_order);
      CHECK(outcome.failure == ErrorCode::invalid);
    }
  }
}

TEST_CASE("unread input: nor does what the peer still sends while it reads destroy the reply") {
  const std::string input = numbered(40'000), more = numbered(400'000), reply = numbered(600'000);
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const Outcome outcome = exchange(transport, input, more, reply);
    CHECK(same(outcome.received, reply));
    CHECK(outcome.in_order);
  }
}

TEST_CASE("unread input: a server that ends a connection amid pipelined lines is heard to the end") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher;
  const std::string reply = numbered(600'000);
  LastWord handler(reply);
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", handler);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address, {.receive_buffer = 8192});
  std::string lines, received;
  bool in_order = false;
  for (int line = 0; line < 10'000; ++line) lines += "more\n";
  test::run(reactor, overwhelm(reactor, peer, lines, received, in_order));
  CHECK(same(received, reply));
  CHECK(in_order);
  CHECK(watcher.cause == EndCause::finished);
}

TEST_CASE("unread input: a peer that never ends its side is let go at the end of the linger time") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  test::Link link = test::connect(reactor, Transport::tcp);
  link.peer.send("x");
  settle(link.conn, 1);
  ErrorCode failure{ErrorCode::invalid};
  const Time before = reactor.now();
  test::run(reactor, reply_and_close(link.conn, "bye", failure));
  CHECK(failure == ErrorCode::invalid);
  CHECK(reactor.now() - before >= Conn::linger_timeout);
  CHECK(reactor.now() - before <= Conn::linger_timeout + 2ms);
  CHECK(link.peer.receive() == "bye");
}
