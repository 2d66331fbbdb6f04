// Stopping: the effect of SIGTERM and SIGINT, and of `drain` at the control socket, on a server: the first drains it, a second one kills it.
//
//     SIGTERM --> drain, event=draining: what it waits for, and how long at most
//        |        within a second: the same one. timeout(1) sends it to its child, and to the group of its child
//     SIGTERM --> kill, event=stopping-now; on_stop of the program is given no more time
#pragma once

#include <optional>
#include <string_view>

#include "daemon/log.hpp"
#include "daemon/program_hooks.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Stopping {
 public:
  Stopping(Reactor& reactor, Server& server, ProgramHooks& hooks, Log& log) noexcept
      : reactor_(reactor), server_(server), hooks_(hooks), log_(log) {}

  // How the log names what asks for it, as in signal=SIGTERM.
  struct Order {
    std::string_view key, name;
  };
  static Order by_signal(int number) noexcept;
  static constexpr Order by_control{"by", "control"};

  // True: it began the drain.
  bool stop(Order order, Duration drain_timeout);
  // When everything is to have ended: never, before the first signal; after a second one, the time of that.
  Time until() const noexcept { return until_; }

 private:
  void tell_drain(Order order, Duration timeout);

  Reactor& reactor_;
  Server& server_;
  ProgramHooks& hooks_;
  Log& log_;
  std::optional<Time> began_;
  Time until_ = Time::never();
};

}  // namespace reactord
