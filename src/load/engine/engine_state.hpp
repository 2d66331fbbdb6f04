// EngineState: what the connections, players and tasks of one process share. The Engine owns it, and it outlives them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "load/engine/exchange.hpp"
#include "load/engine/recorder.hpp"
#include "load/options/options.hpp"
#include "reactord/context.hpp"

namespace reactord::load {

class Connection;

struct EngineState {
  enum class Phase : std::uint8_t {
    opening,   // connections are dialled, nothing is sent
    running,   // requests are sent
    draining,  // nothing more is sent, replies are waited for
    over,      // nothing is waited for
  };
  static constexpr std::uint64_t enough_failed_dials = 8;

  Reactor& reactor;
  const LoadOptions& options;
  const Exchange::Templates* templates;  // null: a script
  Recorder& recorder;
  // Done once nothing more is to be sent. Ends pauses, and dials that were to send more.
  Context& until_drained;
  // Done once nothing is waited for. Ends what until_drained has left.
  Context& until_over;
  Phase phase = Phase::opening;
  std::uint64_t open = 0;                     // connections
  std::uint64_t running = 0;                  // tasks that refer to this
  std::uint64_t failed_dials = 0;             // of players and of connections for one request each
  std::uint64_t one_request_connections = 0;  // dialled so far
  Buffer outgoing = {};                       // requests that are sent together
  std::array<char, 64 * 1024> incoming = {};  // bytes of one read, used up before the next read
  void (*on_free)(void* pacer, Connection& connection) = nullptr;  // open loop: it can take a request
  void* pacer = nullptr;

  // Works in every phase: whatever opens a connection, pauses or sends sees the new phase from here on.
  void stop_sending() {
    phase = std::max(phase, Phase::draining);
    until_drained.cancel();
  }
  // The run stops early when every dial so far has failed and there were enough of them: nobody listens.
  void dial_failed() {
    const bool is_hopeless = ++failed_dials >= std::min(options.connections, enough_failed_dials);
    if (is_hopeless && recorder.result().connections_opened == 0) stop_sending();
  }
  bool is_sending() const noexcept { return phase == Phase::running; }
  bool is_ending() const noexcept { return phase >= Phase::draining; }
};

}  // namespace reactord::load
