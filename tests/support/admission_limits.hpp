// Limits on connections, and what a client sees of them.
#pragma once

#include <string>

#include "support/listening_stage.hpp"

namespace test::admission {

using namespace reactord;
using namespace std::chrono_literals;

inline Limits each_address(std::size_t most, OverLimit then) {
  Limits limits;
  limits.connections_per_address = {.most = most, .then = then};
  return limits;
}

// Reads to the end of a rejected client's stream: the line, and an orderly end.
inline Task<> check_told(ListeningStage& on, Peer& peer, std::string text) {
  auto told = co_await test::read_to_end(on.reactor, peer);
  CHECK(told == text);
  CHECK(peer.error() == 0);
}

inline Task<> check_served(ListeningStage& on, Peer& peer, std::string text) {
  auto reply = co_await test::read_line(on.reactor, peer);
  CHECK(reply == text);
}

inline Task<> sleep(ListeningStage& on, reactord::Duration duration) {
  auto slept = co_await on.reactor.sleep(duration);
  CHECK(slept.has_value());
  co_await on.settle();
}

}  // namespace test::admission
