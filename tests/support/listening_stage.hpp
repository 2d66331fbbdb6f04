// ListeningStage: a Server on a virtual clock that listens at an address of this machine. Its clients come from where the
// test says, over the kernel.
//
//     Peer --- loopback ---> listener ---> Server, with the limits under test ---> RecordingObserver
#pragma once

#include <string>
#include <string_view>

#include "support/loopback.hpp"
#include "support/server_stage.hpp"

namespace test {

// Connects, and waits until `server` serves it.
inline reactord::Task<Peer> connect_served(const reactord::Server& server, reactord::Reactor& reactor,
                                           reactord::Address address, PeerOptions options = {}) {
  const std::uint64_t before = server.accepted();
  Peer peer = Peer::connect(address, options);
  while (server.accepted() == before) co_await reactor.next_turn();
  co_await reactor.next_turn();
  co_return std::move(peer);
}

struct ListeningStage : ServerStage {
  explicit ListeningStage(const reactord::Limits& limits = {}, const char* where = "127.0.0.1:0")
      : ServerStage(limits), address(listen(where)) {}

  reactord::Address listen(const char* where, const char* protocol = "line") {
    auto listening = server.listen(where, handler, protocol);
    REQUIRE(listening.has_value());
    return *listening;
  }

  // Connects, from this address of the machine if one is named, and sends `text`, before anybody is served.
  Peer connect(std::string_view text = "", const char* from = nullptr) {
    return connect_to(address, text, from);
  }
  static Peer connect_to(const reactord::Address& to, std::string_view text, const char* from = nullptr);

  // Connects, and waits until it is served.
  reactord::Task<Peer> connect_served(PeerOptions options = {}) {
    return test::connect_served(server, reactor, address, options);
  }

  // As many turns as it takes to do what can be done now.
  reactord::Task<> settle() {
    for (int turns = 0; turns < 20; ++turns) {
      co_await reactor.next_turn();
      CHECK(server.check());
    }
  }

  reactord::Address address;

 protected:
  // Turns without end are a test that hangs: its task ends with a drain or kill.
  void check_end() override {
    check_counts();
    CHECK(server.open_connections() == 0);
    CHECK(observer.drained == 1);
    CHECK(observer.listener_failures.empty());
    CHECK(reactor.open_descriptors() == 0);
  }
};

}  // namespace test
