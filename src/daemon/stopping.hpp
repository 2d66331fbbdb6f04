// Stopping: the effect of SIGTERM and SIGINT on a server: the first drains it, a second one kills it.
//
//     SIGTERM --> drain, event=draining: what it waits for, and how long at most
//        |        within a second: the same one. timeout(1) sends it to its child, and to the group of its child
//     SIGTERM --> kill, event=stopping-now
#pragma once

#include <optional>

#include "daemon/log.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Stopping {
 public:
  static constexpr Duration second_after = 1s;

  Stopping(Reactor& reactor, Server& server, Log& log) noexcept
      : reactor_(reactor), server_(server), log_(log) {}

  // `number`: the signal. True: it began the drain.
  bool stop(int number, Duration drain_timeout);

 private:
  void tell_drain(std::string_view signal, Duration timeout);

  Reactor& reactor_;
  Server& server_;
  Log& log_;
  std::optional<Time> began_;
};

}  // namespace reactord
