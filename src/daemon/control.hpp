// Control: the control socket: where it listens, who may connect, and the server that serves it.
//
//     Reactor --+-- Server          the clients, with the limits of the settings
//               +-- Control         the operator, with its own Server and limits (control_limits.hpp)
//
// So a full server, its limits and its drain shut no operator out. A reload prepares it before it changes anything else
// (side_listener.hpp).
// Make it before the server of the clients: the last one made observes the Reactor for stalls.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/control_option.hpp"
#include "daemon/event_log.hpp"
#include "daemon/log.hpp"
#include "daemon/side_listener.hpp"
#include "reactord/event.hpp"
#include "reactord/handler.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Control final : ServerObserver {
 public:
  // All must outlive it. `handler` serves each connection that is allowed.
  Control(Reactor& reactor, StreamHandler& handler, Log& log, EventLog& events);

  // As those of SideListener.
  Result<void> prepare(const ControlOption& wanted) { return side_.prepare({wanted.address, wanted.file}); }
  void follow();  // logs where it listens, if that is another place
  void abandon() noexcept { side_.abandon(); }

  // Accepts nothing more, lets each command that runs end within control_drain_timeout, and returns when the last connection
  // has ended. Call it once.
  static Task<> stop(Control& control);

  const ControlOption& option() const noexcept { return option_; }  // in force
  std::size_t connections() const noexcept { return server_.open_connections(); }

 private:
  ListenOptions listen_options();
  bool admits(int fd, const Address& remote) noexcept;

  void on_closed(const ConnectionEnd& end) override;
  void on_handler_failed(const HandlerFailure& failure) override { events_.handler_failed(failure); }
  void on_listener_failed(ListenerId id, const Error& error) override;
  void on_accept_paused(const Error& error, Duration pause) override { events_.accept_paused(error, pause); }
  void on_drained() override { drained_.set(); }

  Log& log_;
  EventLog& events_;
  ControlOption option_;
  Event drained_;
  SideListener side_;  // refers to the server, and uses it only in its calls
  Server server_;      // last, because its end is reported to the others
};

// A sentence for the operator on an error of prepare(); empty when the error says it all.
std::string control_hint(const Error& error);

}  // namespace reactord
