// A connection that accept(2) has given and epoll_ctl(2) does not take (ENOSPC: /proc/sys/fs/epoll/max_user_watches) is
// kept, and served once there is room. And a listener's own deadline, when it is given to a server.
#include <doctest/doctest.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "support/fail_next.hpp"
#include "support/server_stage.hpp"
#include "traps/trap.hpp"

using namespace traps;

namespace {

Task<> accept_into(Listener& listener, std::vector<Conn>& accepted, std::size_t count) {
  while (accepted.size() < count) {
    auto conn = co_await listener.accept();
    if (!conn) break;
    accepted.push_back(std::move(*conn));
  }
}

Task<std::string> first_line(Conn& conn) {
  std::string room(64, '\0');
  auto count = co_await conn.read(std::span(room));
  if (!count) co_return "nothing";
  co_return room.substr(0, *count);
}

Task<> hear_all(Reactor& reactor, Server& server, std::vector<Peer>& peers, std::vector<std::string>& heard) {
  while (server.accepted() < peers.size()) co_await test::pass(reactor, 1ms);
  for (Peer& peer : peers) {
    auto line = co_await test::read_line(reactor, peer);
    heard.push_back(std::move(line));
    peer.close();
  }
  server.drain(1s);
}

}  // namespace

TEST_CASE("accept unregistered: out of epoll's watches no client is dropped, and they come in order") {
  for (const int number : {ENOSPC, ENOMEM}) {
    const test::DescriptorCheck descriptors;
    VirtualClock clock;
    Reactor reactor(clock);
    std::vector<int> pauses;
    ListenOptions options;
    options.on_pause = [&pauses](const Error& error, Duration) { pauses.push_back(error.system_errno()); };
    Listener listener = listen_at(reactor, "127.0.0.1:0", std::move(options));
    std::vector<Peer> peers;
    for (int client = 0; client < 5; ++client) {
      peers.push_back(Peer::connect(listener.local_addr()));
      peers.back().send(std::to_string(client));
    }
    std::vector<Conn> accepted;
    {
      test::FailNext fail(test::Call::epoll_ctl, number, 3);
      test::run(reactor, accept_into(listener, accepted, peers.size()));
      CHECK(fail.happened());
    }
    CHECK(pauses == std::vector<int>{number, number, number});
    REQUIRE(accepted.size() == peers.size());
    for (std::size_t client = 0; client < peers.size(); ++client) {
      static constexpr auto look = [](Conn& conn, std::string expected) -> Task<> {
        auto line = co_await first_line(conn);
        CHECK(line == expected);
      };
      test::run(reactor, look(accepted[client], std::to_string(client)));
    }
  }
}

TEST_CASE("accept unregistered: a drain hands out the one that is kept, too; a close lets it go") {
  for (const bool drains : {true, false}) {
    const test::DescriptorCheck descriptors;
    VirtualClock clock;
    Reactor reactor(clock);
    std::vector<Conn> accepted;
    Listener listener = listen_at(reactor);
    Peer peer = Peer::connect(listener.local_addr());
    static constexpr auto end_in_pause = [](Listener& of, Reactor& on, bool by_drain) -> Task<> {
      while (of.pauses() == 0) co_await on.next_turn();
      if (by_drain) {
        of.drain();
      } else {
        CHECK(of.close().has_value());
      }
    };
    test::FailNext fail(test::Call::epoll_ctl, ENOSPC);
    reactor.spawn(accept_into(listener, accepted, 2));
    test::run(reactor, end_in_pause(listener, reactor, drains));
    CHECK(fail.happened());
    CHECK(accepted.size() == (drains ? 1 : 0));
  }
}

TEST_CASE("accept unregistered: a server serves them all") {
  const test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor(clock);
  test::Answers answers;
  Server server(reactor);
  std::vector<Peer> peers;
  std::vector<std::string> heard;
  auto address = server.listen("127.0.0.1:0", answers);
  REQUIRE(address.has_value());
  for (int client = 0; client < 5; ++client) {
    peers.push_back(Peer::connect(*address));
    peers.back().send("x\n");
  }
  test::FailNext fail(test::Call::epoll_ctl, ENOSPC, 7);
  test::run(reactor, hear_all(reactor, server, peers, heard));
  CHECK(fail.happened());
  CHECK(heard == std::vector<std::string>(5, "got x\n"));
  CHECK(server.accepted() == 5);
}

TEST_CASE("a listener's own deadline ends when a server is given it, and does not hold up the loop") {
  for (const Duration deadline : {-5s, 1s}) {
    VirtualClock clock;
    Reactor reactor(clock);
    test::Answers answers;
    Server server(reactor);
    Listener listener = listen_at(reactor);
    REQUIRE(listener.set_deadline(reactor.now() + deadline).has_value());
    std::vector<Peer> peers;
    std::vector<std::string> heard;
    const Address address = listener.local_addr();
    server.listen(std::move(listener), answers);
    test::run(
        reactor,
        [](Reactor& on, Server& to, const Address& at, std::vector<Peer>& clients,
           std::vector<std::string>& lines) -> Task<> {
          auto slept = co_await on.sleep(10s);
          CHECK(slept.has_value());
          clients.push_back(Peer::connect(at));
          clients.back().send("x\n");
          auto line = co_await test::read_line(on, clients.back());
          lines.push_back(std::move(line));
          clients.back().close();
          to.drain(1s);
        },
        server, address, peers, heard);
    CHECK(heard == std::vector<std::string>{"got x\n"});
    CHECK(reactor.turns() < 1000);
  }
}
