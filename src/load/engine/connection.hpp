// Connection: one connection that puts load on the server. It dials, keeps its requests in flight, checks the replies and
// dials anew after a failure.
//
//     open() --> run():  +--> read: check the replies, send the next requests --+--> the engine is over
//                        +---------- pause, open() <---- the connection failed --+
//
// No write is awaited: a connection sends only what its Conn takes over at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "load/engine/engine_state.hpp"
#include "load/engine/exchange.hpp"
#include "reactord/conn.hpp"

namespace reactord::load {

class Connection {
 public:
  Connection(EngineState& state, std::uint64_t number);

  Task<bool> open();                    // dials once; records a failure
  Task<> run();                         // until the end of the run; redials after a failure
  Task<> run_connection_per_request();  // closed loop: a new connection for each request
  Task<> request_once(Time due);        // a new connection for one request
  void start() { send_more(); }         // closed loop: the first requests

  bool is_open() const noexcept { return conn_.has_value(); }
  std::size_t in_flight() const noexcept { return exchange_ ? exchange_->in_flight() : 0; }
  bool can_send() const noexcept;
  void send(Time due, Time now);  // open loop: one request; can_send() must hold

  void fail_if_late(Time now);  // aborts when the oldest reply has taken longer than the timeout
  void end_if_idle() noexcept;  // aborts when nothing is in flight: nothing more is to be sent
  void fail_unanswered();       // aborts: nothing more is waited for

  bool queued_as_idle = false, queued_as_free = false;  // written by the pacer

 private:
  Task<> exchange_until_end();
  Task<bool> redial();
  void send_more();
  void send_outgoing();
  bool receive(std::string_view bytes, Time now);
  void record_loss(const Error& error);
  void record_timeout(Duration waited);
  void drop_conn();

  EngineState& state_;
  const std::uint64_t number_;
  std::optional<Conn> conn_;
  std::optional<Exchange> exchange_;
  bool requesting_once_ = false;
  bool awaits_first_byte_ = false;
  bool failure_recorded_ = false;
  Duration connect_took_{0};
  Duration pause_{0};
};

}  // namespace reactord::load
