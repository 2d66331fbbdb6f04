// A budget is used up (or the output is full) while complete lines or unread bytes are left: everything has
// been received, so epoll(7), edge-triggered, will never announce it again, and a client that waits for its
// answers before it sends more waits for ever. The library queues such a connection for the next turn, behind
// the others.
#include "reactord/line_reader.hpp"
#include "traps/trap.hpp"

namespace {

using namespace traps;

class Answerer final : public LineHandler {
 public:
  explicit Answerer(std::size_t padding) : padding_(padding, '.') {}
  void on_line(std::string_view line, Reply& reply) override { reply.write(line, padding_, "\n"); }

 private:
  std::string padding_;
};

// Sends everything at once, then not a byte more until every answer is there; only then it finishes.
Task<> ask_and_wait(Reactor& reactor, Peer& peer, const std::string& requests, std::size_t expected,
                    std::string& answers) {
  auto sending = test::send_all(reactor, peer, requests);
  co_await std::move(sending);
  answers = co_await test::read_bytes(reactor, peer, expected);
  peer.finish();
  const std::string rest = co_await test::read_to_end(reactor, peer);
  answers += rest;
}

struct Burst {
  std::size_t lines;
  std::size_t length;   // of a line
  std::size_t padding;  // of an answer
};

void answer(const Burst& burst) {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  Watcher watcher;
  Answerer answerer(burst.padding);
  Server server(reactor, {.observer = &watcher});
  watcher.server = &server;
  auto address = server.listen("127.0.0.1:0", answerer);
  REQUIRE(address.has_value());
  Peer peer = Peer::connect(*address);
  std::string requests, expected, answers;
  for (std::size_t line = 0; line < burst.lines; ++line) {
    std::string text = std::to_string(line);
    text.append(burst.length - std::min(burst.length, text.size()), '_');
    requests += text + "\n";
    expected += text + std::string(burst.padding, '.') + "\n";
  }
  test::run(reactor, ask_and_wait(reactor, peer, requests, expected.size(), answers));
  CHECK(same(answers, expected));
  CHECK(watcher.lines == burst.lines);
  CHECK(watcher.cause == EndCause::eof);
}

// Tops the socket up after every piece, so that it never runs dry of itself: only a budget ends the turn.
Task<> read_pieces(Conn& conn, Peer& peer, std::string_view unsent, std::size_t piece,
                   std::size_t& most_per_turn, std::string& received) {
  const std::size_t expected = unsent.size();
  std::string room(piece, '\0');
  std::size_t this_turn = 0;
  std::uint64_t turn = 0;
  while (received.size() < expected) {
    unsent.remove_prefix(peer.send(unsent));
    auto count = co_await conn.read(std::span(room));
    if (!count) break;
    received.append(room, 0, *count);
    if (conn.reactor().turns() != turn) this_turn = 0;
    turn = conn.reactor().turns();
    this_turn += *count;
    most_per_turn = std::max(most_per_turn, this_turn);
  }
}

Task<> read_lines(Conn& conn, std::size_t expected) {
  LineReader lines(conn);
  std::size_t count = 0;
  for (; count < expected; ++count) {
    auto line = co_await lines.read_line();
    if (!line) break;
    if (*line != std::to_string(count)) break;
  }
  CHECK(count == expected);
}

Task<> send(Reactor& reactor, Peer& peer, const std::string& bytes) {
  auto sending = test::send_all(reactor, peer, bytes);
  co_await std::move(sending);
}

}  // namespace

TEST_CASE(
    "budget with lines left: thousands of lines in one read are all answered, though nothing more comes") {
  answer({.lines = Server::lines_per_turn, .length = 8, .padding = 0});
  answer({.lines = Server::lines_per_turn + 1, .length = 8, .padding = 0});
  answer({.lines = 10 * Server::lines_per_turn, .length = 8, .padding = 0});
}

TEST_CASE("budget with lines left: the same where the answers fill the output at every few lines") {
  answer({.lines = 2000, .length = 8, .padding = 1000});
  answer({.lines = 50, .length = 8, .padding = 100'000});
}

TEST_CASE("budget with lines left: the same where long lines use up the byte budget") {
  answer({.lines = 100, .length = 30'000, .padding = 0});
}

TEST_CASE(
    "budget with lines left: a megabyte is read to its last byte in pieces, at most the budget a turn") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    test::Link link = test::connect(reactor, transport);
    const std::string bytes = numbered(4 << 20);
    constexpr std::size_t piece = 1000;
    std::size_t most_per_turn = 0;
    std::string received;
    test::run(reactor, read_pieces(link.conn, link.peer, bytes, piece, most_per_turn, received));
    CHECK(same(received, bytes));
    CHECK(most_per_turn > Conn::bytes_per_turn / 2);  // the socket did not run dry before the budget did
    // One piece over the budget, and one where it is queued behind the others.
    CHECK(most_per_turn <= Conn::bytes_per_turn + 2 * piece);
  }
}

TEST_CASE("budget with lines left: a LineReader hands out every line it has received") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  test::Link link = test::connect(reactor, Transport::tcp);
  constexpr std::size_t count = 100'000;
  std::string bytes;
  for (std::size_t line = 0; line < count; ++line) bytes += std::to_string(line) + "\n";
  reactor.spawn(read_lines(link.conn, count));
  test::run(reactor, send(reactor, link.peer, bytes));
}
