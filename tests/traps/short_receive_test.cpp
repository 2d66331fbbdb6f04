// A short receive is not a drained socket: recv stops at TCP's urgent mark, and on unix sockets at out-of-band data and
// behind descriptors that were passed. The rest lies in the kernel, and no edge will come for it; SIOCINQ does not count
// it, or counts what can't be read. The library asks epoll for EPOLLPRI too, which is told with the mark, and recvmsg(2)
// on unix sockets, which says that descriptors were cut off: then it reads on until the socket says that it is empty.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "reactord/line_reader.hpp"
#include "support/server_stage.hpp"
#include "traps/trap.hpp"

namespace {

using namespace traps;

void send_urgent(const Peer& peer, char byte) { REQUIRE(::send(peer.fd(), &byte, 1, MSG_OOB) == 1); }

// Bytes that carry a descriptor (SCM_RIGHTS of unix(7)).
void send_with_rights(const Peer& peer, std::string bytes) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec room{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int passed = STDERR_FILENO;
  std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  REQUIRE(::sendmsg(peer.fd(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

void send_all_of(Peer& peer, std::string_view bytes) { REQUIRE(peer.send(bytes) == bytes.size()); }

// "a", an urgent byte, "b": what is behind the mark comes before the loop looks.
void send_across_mark(Peer& peer) {
  send_all_of(peer, "a\n");
  send_urgent(peer, '!');
  send_all_of(peer, "b\n");
}

// Until the other kernel end has it all.
void arrive(const Peer& peer) {
  while (!peer.local_addr().is_unix() && !peer.everything_arrived()) ::sched_yield();
}

// What one second of reading gives.
std::string read_for_a_second(Reactor& reactor, Conn& conn) {
  Seen seen;
  REQUIRE(conn.set_read_deadline(reactor.now() + 1s).has_value());
  test::run(reactor, read_all(conn, seen));
  CHECK(seen.code == ErrorCode::deadline_exceeded);
  return seen.bytes;
}

class Echo final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::string room(4096, '\0');
    while (true) {
      auto count = co_await conn.read(std::span(room));
      if (!count) break;
      auto sent = co_await conn.write(std::string_view(room).substr(0, *count));
      if (!sent) break;
    }
  }
};

class LineByLine final : public StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    LineReader lines(conn);
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) break;
      const std::string answer = "got " + std::string(*line) + "\n";
      auto sent = co_await conn.write(answer);
      if (!sent) break;
    }
  }
};

// What a server on `address` answers within a second of its clock to what `say` sends before it looks. It is then
// drained: `drained_after` says how long that took.
template <typename Handler, typename Say>
std::string answers(const char* address, Handler& handler, Say say, bool drain_at_once = false) {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  Server server(reactor);
  Listener listener = listen_at(reactor, address);
  Peer peer = Peer::connect(listener.local_addr());
  server.listen(std::move(listener), handler);
  std::string heard;
  test::run(
      reactor,
      [](Reactor& on, Server& of, Peer& client, Say speak, bool at_once, std::string& into) -> Task<> {
        while (of.accepted() == 0) co_await on.next_turn();
        co_await on.next_turn();
        speak(client);
        arrive(client);
        if (!at_once) {
          auto slept = co_await on.sleep(1s);
          CHECK(slept.has_value());
        }
        const Time before = on.now();
        of.drain(10s);
        auto bytes = co_await test::read_to_end(on, client);
        into = std::move(bytes);
        client.close();
        while (of.open_connections() > 0) co_await on.next_turn();
        CHECK(on.now() - before < 1s);
      },
      server, peer, say, drain_at_once, heard);
  CHECK(server.ended(EndCause::killed) == 0);
  return heard;
}

Task<> one_turn(Reactor& reactor) { co_await reactor.next_turn(); }

}  // namespace

TEST_CASE("short receive: what lies behind an urgent mark is read without further news") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    VirtualClock clock;
    Reactor reactor(clock);
    test::Link link = test::connect(reactor, transport);
    for (int round = 0; round < 3; ++round) {
      send_across_mark(link.peer);
      arrive(link.peer);
      CHECK(read_for_a_second(reactor, link.conn) == "a\nb\n");
    }
    // A later mark takes the place of an earlier one, whose byte then counts as one of the stream.
    send_across_mark(link.peer);
    send_across_mark(link.peer);
    arrive(link.peer);
    CHECK(read_for_a_second(reactor, link.conn) == "a\n!b\na\nb\n");
    // A mark alone, and one at the end.
    send_urgent(link.peer, '!');
    arrive(link.peer);
    CHECK(read_for_a_second(reactor, link.conn).empty());
    send_all_of(link.peer, "c\n");
    send_urgent(link.peer, '!');
    arrive(link.peer);
    CHECK(read_for_a_second(reactor, link.conn) == "c\n");
    send_all_of(link.peer, "d\n");
    arrive(link.peer);
    CHECK(read_for_a_second(reactor, link.conn) == "d\n");
  }
}

TEST_CASE("short receive: nor does a mark that comes while the bytes before it are read") {
  VirtualClock clock;
  Reactor reactor(clock);
  test::Link link = test::connect(reactor, Transport::tcp);
  static constexpr auto speak = [](Reactor& on, Peer& peer) -> Task<> {
    for (int round = 0; round < 100; ++round) {
      send_all_of(peer, "a\n");
      arrive(peer);
      co_await on.next_turn();
      send_urgent(peer, '!');
      send_all_of(peer, "b\n");
      arrive(peer);
      co_await on.next_turn();
    }
  };
  reactor.spawn(speak(reactor, link.peer));
  std::string expected;
  for (int round = 0; round < 100; ++round) expected += "a\nb\n";
  CHECK(read_for_a_second(reactor, link.conn) == expected);
}

TEST_CASE("short receive: messages that carry descriptors hide nothing, and no descriptor stays") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  test::Link link = test::connect(reactor, Transport::unix_socket);
  send_with_rights(link.peer, "a\n");
  send_all_of(link.peer, "b\n");
  send_with_rights(link.peer, "c\n");
  send_with_rights(link.peer, "d\n");
  send_all_of(link.peer, "e\n");
  CHECK(read_for_a_second(reactor, link.conn) == "a\nb\nc\nd\ne\n");
}

TEST_CASE("short receive: a server answers the lines behind a mark and behind descriptors") {
  test::Answers lines;
  Echo echo;
  LineByLine line_by_line;
  const auto marks = [](Peer& peer) { send_across_mark(peer); };
  const auto rights = [](Peer& peer) {
    send_with_rights(peer, "a\n");
    send_with_rights(peer, "b\n");
  };
  for (const char* address : {"127.0.0.1:0", "unix:@"}) {
    CHECK(answers(address, lines, marks) == "got a\ngot b\n");
    CHECK(answers(address, echo, marks) == "a\nb\n");
    CHECK(answers(address, line_by_line, marks) == "got a\ngot b\n");
  }
  CHECK(answers("unix:@", lines, rights) == "got a\ngot b\n");
  CHECK(answers("unix:@", echo, rights) == "a\nb\n");
  CHECK(answers("unix:@", line_by_line, rights) == "got a\ngot b\n");
}

TEST_CASE(
    "short receive: a drain answers the lines that had been received behind a mark, and waits for no more") {
  test::Answers lines;
  Echo echo;
  const auto marks = [](Peer& peer) { send_across_mark(peer); };
  const auto rights = [](Peer& peer) {
    send_with_rights(peer, "a\n");
    send_with_rights(peer, "b\n");
  };
  for (const char* address : {"127.0.0.1:0", "unix:@"}) {
    CHECK(answers(address, lines, marks, true) == "got a\ngot b\n");
    CHECK(answers(address, echo, marks, true) == "a\nb\n");
  }
  CHECK(answers("unix:@", lines, rights, true) == "got a\ngot b\n");
  CHECK(answers("unix:@", echo, rights, true) == "a\nb\n");
}

TEST_CASE("short receive: unread() counts across a mark, and finish_reading() gives all of it") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    VirtualClock clock;
    Reactor reactor(clock);
    test::Link link = test::connect(reactor, transport);
    for (int round = 0; round < 3; ++round) {  // a unix socket goes on counting bytes that were passed over
      send_across_mark(link.peer);
      send_all_of(link.peer, "c\n");
      arrive(link.peer);
      CHECK(link.conn.unread() == 6);
      std::string first(2, '\0');
      static constexpr auto read_two = [](Conn& from, std::string& into) -> Task<> {
        auto count = co_await from.read(std::span(into));
        CHECK((count && *count == 2));
      };
      test::run(reactor, read_two(link.conn, first));
      CHECK(link.conn.unread() == 4);
      CHECK(read_for_a_second(reactor, link.conn) == "b\nc\n");
      CHECK(link.conn.unread() == 0);
      CHECK(link.conn.set_read_deadline(Time::never()).has_value());
    }
    send_across_mark(link.peer);
    arrive(link.peer);
    link.conn.finish_reading();
    send_all_of(link.peer, "too late\n");
    Seen seen;
    test::run(reactor, read_all(link.conn, seen));
    CHECK(seen.bytes == "a\nb\n");
    CHECK(seen.code == ErrorCode::eof);
  }
}

TEST_CASE("short receive: what lies behind a mark at the close turns into no reset") {
  for (const Transport transport : {Transport::tcp, Transport::unix_socket}) {
    VirtualClock clock;
    Reactor reactor(clock);
    test::Link link = test::connect(reactor, transport);
    static constexpr auto reply = [](Conn& conn) -> Task<> {
      auto sent = co_await conn.write("bye\n");
      CHECK(sent.has_value());
      auto finished = co_await conn.finish();  // the peer does not end its side: for two seconds
      CHECK(finished.has_value());
    };
    static constexpr auto speak = [](Reactor& on, Peer& peer) -> Task<> {
      co_await on.next_turn();
      arrive(peer);
      auto slept = co_await on.sleep(1s);
      CHECK(slept.has_value());
      send_across_mark(peer);
      arrive(peer);
    };
    reactor.spawn(speak(reactor, link.peer));
    test::run(reactor, reply(link.conn));
    test::run(reactor, one_turn(reactor));
    CHECK(link.peer.receive() == "bye\n");
    link.peer.receive();
    CHECK(link.peer.at_end());
    CHECK(link.peer.error() == 0);
    CHECK(::shutdown(link.peer.fd(), SHUT_WR) == 0);  // after a reset there is no connection left to finish
  }
}

TEST_CASE("short receive: nor where a rejected client is cut short") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  test::Answers lines;
  Limits limits;
  limits.connections = {.most = 1, .then = OverLimit::reject};
  Server server(reactor, {.limits = limits});
  std::vector<Peer> peers;
  std::vector<Listener> listeners;  // two, so that a turn lets in more than may linger
  for (int listener = 0; listener < 2; ++listener) listeners.push_back(listen_at(reactor));
  for (std::size_t client = 0; client < 2 * Listener::accepts_per_turn; ++client) {
    peers.push_back(Peer::connect(listeners[client % 2].local_addr()));
    send_across_mark(peers.back());
    arrive(peers.back());
  }
  for (Listener& listener : listeners) server.listen(std::move(listener), lines);
  test::run(
      reactor,
      [](Reactor& on, Server& of, std::vector<Peer>& clients) -> Task<> {
        while (of.accepted() < clients.size()) co_await on.next_turn();
        std::size_t told = 0;
        for (Peer& client : clients) {
          client.finish();
          auto heard = co_await test::read_to_end(on, client);
          CHECK(client.error() == 0);
          if (heard.starts_with("ERR too many connections")) ++told;
        }
        CHECK(told == clients.size() - 1);
        of.drain(1s);
      },
      server, peers);
}
