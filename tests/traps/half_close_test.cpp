// A client sends its requests, shuts down its writing and waits for the answers: an orderly end of one
// direction, which much code takes for the end of the connection and drops the output. The library tells eof
// to the reader only; what was received is answered, what is written is sent to the last byte, then comes our
// FIN.
#include "reactord/line_reader.hpp"
#include "traps/trap.hpp"

namespace {

using namespace traps;

constexpr std::size_t large =
    3 * 1024 * 1024;  // more than a socket holds: the writer has to wait, half-closed

Task<> answer_at_eof(Conn& conn, const std::string& answer, Seen& seen) {
  auto reading = read_all(conn, seen);
  co_await std::move(reading);
  auto sent = co_await conn.write(answer);
  if (!sent) seen.note(sent.error());
  auto finished = co_await conn.finish();
  if (!finished) seen.note(finished.error());
}

Task<> collect(Reactor& reactor, Peer& peer, std::string& into) {
  into = co_await test::read_to_end(reactor, peer);
}

// Our FIN first: the peer reads eof and goes on sending.
Task<> finish_then_read(Conn& conn, Seen& seen, ErrorCode& late_write) {
  auto sent = co_await conn.write("all I have to say");
  auto closed = conn.close_write();
  auto refused = co_await conn.write("not sent");
  if (!refused) late_write = refused.error().code();
  auto reading = read_all(conn, seen);
  co_await std::move(reading);
}

Task<> listen_then_speak(Reactor& reactor, Peer& peer, std::string& heard) {
  heard = co_await test::read_to_end(reactor, peer);
  peer.send("now it is ");
  co_await reactor.next_turn();
  peer.send("my turn");
  peer.finish();
}

class Answerer final : public LineHandler {
 public:
  explicit Answerer(std::size_t size) : padding_(size, '.') {}
  void on_line(std::string_view line, Reply& reply) override { reply.write(line, padding_, "\n"); }

 private:
  std::string padding_;
};

struct Exchange {
  std::string requests, expected, received;
};

Exchange exchange_of(int lines, std::size_t padding) {
  Exchange exchange;
  for (int line = 0; line < lines; ++line) {
    const std::string text = std::to_string(line);
    exchange.requests += text + "\n";
    exchange.expected += text + std::string(padding, '.') + "\n";
  }
  exchange.requests += "tail";
  exchange.expected += "tail" + std::string(padding, '.') + "\n";
  return exchange;
}

Task<> ask_and_finish(Reactor& reactor, Peer& peer, Exchange& exchange) {
  auto sending = test::send_all(reactor, peer, exchange.requests);
  co_await std::move(sending);
  peer.finish();
  exchange.received = co_await test::read_to_end(reactor, peer);
}

}  // namespace

TEST_CASE("half-close: the answer to a finished client arrives whole, then FIN") {
  const std::string answer = numbered(large);
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport, {.receive_buffer = 8192});
    link.peer.send("question");
    finish(link);
    Seen seen;
    std::string received;
    reactor.spawn(answer_at_eof(link.conn, answer, seen));
    test::run(reactor, collect(reactor, link.peer, received));
    CHECK(seen.bytes == "question");
    CHECK(seen.code == ErrorCode::eof);
    CHECK(same(received, answer));
    CHECK(link.peer.error() == 0);
    CHECK(link.conn.bytes_written() == answer.size());
  }
}

TEST_CASE("half-close: after our FIN the peer is still read to its end, and our writes fail") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport);
    Seen seen;
    ErrorCode late_write{};
    std::string heard;
    reactor.spawn(finish_then_read(link.conn, seen, late_write));
    late_write = ErrorCode::eof;
    test::run(reactor, listen_then_speak(reactor, link.peer, heard));
    CHECK(heard == "all I have to say");
    CHECK(late_write == ErrorCode::system);
    CHECK(seen.bytes == "now it is my turn");
    CHECK(seen.code == ErrorCode::eof);
  }
}

TEST_CASE("half-close: a server answers every pipelined line and the unended last one, then ends with FIN") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher;
  Answerer answerer(1000);
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", answerer);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address, {.receive_buffer = 8192});
  Exchange exchange = exchange_of(5000, 1000);
  test::run(reactor, ask_and_finish(reactor, peer, exchange));
  CHECK(same(exchange.received, exchange.expected));
  CHECK(peer.error() == 0);
  CHECK(watcher.cause == EndCause::eof);
  CHECK(watcher.lines == 5001);
}
