// Connection: one of those that put load on the server: dials, keeps its requests in flight, checks what comes back,
// dials anew when it is broken off.
//
//     open() --> run():  +--> reading: take what came, send what may be sent --+--> the engine is over
//                        +---------- pause, open() <---- broken off -----------+
//
// Nothing of it waits for a write: it sends only what the connection takes over at once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "load/engine/exchange.hpp"
#include "load/engine/recorder.hpp"
#include "load/options/options.hpp"
#include "reactord/conn.hpp"
#include "reactord/context.hpp"

namespace reactord::load {

class Connection;

// What all connections of a process share; outlives them.
struct Common {
  enum class Phase : std::uint8_t { opening, running, draining, over };
  static constexpr std::uint64_t enough_failed_dials = 8;

  Reactor& reactor;
  const LoadOptions& options;
  const Exchange::Texts* texts;  // null: a script
  Recorder& recorder;
  Context&
      until_drained;    // done once nothing more is to be sent: ends pauses, and dials that were to send more
  Context& until_over;  // done once nothing is waited for: ends what until_drained has left
  Phase phase = Phase::opening;
  std::uint64_t open = 0;                     // connections
  std::uint64_t running = 0;                  // tasks that refer to this
  std::uint64_t failed_dials = 0;             // of players and visits, which begin with the run
  std::uint64_t visits = 0;                   // connections for one request each, so far
  Buffer outgoing = {};                       // requests that are sent together
  std::array<char, 64 * 1024> incoming = {};  // bytes that are looked at before anything else is read
  void (*on_free)(void* pacer, Connection& connection) = nullptr;  // open loop: it can take a request
  void* pacer = nullptr;

  // Whatever the phase: who opens a connection, pauses or sends sees it from here on.
  void stop_sending() {
    phase = std::max(phase, Phase::draining);
    until_drained.cancel();
  }
  // Where nobody was reached so far, and that again and again, nobody listens: to go on would only be more of it.
  void dial_failed() {
    const bool is_hopeless = ++failed_dials >= std::min(options.connections, enough_failed_dials);
    if (is_hopeless && recorder.result().connections_opened == 0) stop_sending();
  }
  bool is_sending() const noexcept { return phase == Phase::running; }
  bool is_ending() const noexcept { return phase >= Phase::draining; }
};

class Connection {
 public:
  Connection(Common& common, std::uint64_t number);

  Task<bool> open();             // once; a failure is recorded
  Task<> run();                  // until the end; opens anew where that is needed
  Task<> run_visits();           // closed loop: a connection for each request
  Task<> visit(Time due);        // a connection for one request
  void start() { send_more(); }  // closed loop: the first requests

  bool is_open() const noexcept { return conn_.has_value(); }
  std::size_t in_flight() const noexcept { return exchange_ ? exchange_->in_flight() : 0; }
  bool can_send() const noexcept;
  void send(Time due, Time now);  // open loop: one request; can_send() must hold

  void fail_if_late(Time now);  // a reply that takes longer than the timeout
  void end_if_idle() noexcept;  // nothing more is to be sent
  void fail_unanswered();       // and nothing more is waited for

  bool queued_as_idle = false, queued_as_free = false;  // for the pacer

 private:
  Task<> exchange_until_end();
  Task<bool> redial();
  void send_more();
  void send_outgoing();
  bool take(std::string_view bytes, Time now);
  void lost(const Error& error);
  void tell_unanswered(Duration waited);
  void forget_conn();

  Common& common_;
  const std::uint64_t number_;
  std::optional<Conn> conn_;
  std::optional<Exchange> exchange_;
  bool visiting_ = false;
  bool awaits_first_byte_ = false;
  bool failure_is_told_ = false;
  Duration connect_took_{0};
  Duration pause_{0};
};

}  // namespace reactord::load
