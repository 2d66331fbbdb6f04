// ControlClient: asks the daemon at its control socket, one connection for each command, so that a session of an hour holds
// none, and survives a restart of the daemon.
//
//     dial --> request --> answer, shown as it comes --> OK or ERR --> closed
//        +---------+--------------+-- failure, or silence for `timeout` --> closed
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "control/output.hpp"
#include "reactord/conn.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor.hpp"
#include "reactord/task.hpp"
#include "reactord/time.hpp"

namespace reactord::control {

// The exit statuses of the program. Those above 2 are of sysexits.h(3head).
inline constexpr int exit_done = 0;        // the daemon answered OK
inline constexpr int exit_refused = 1;     // it answered ERR
inline constexpr int exit_unanswered = 2;  // there is no daemon, or its answer did not come to its end
inline constexpr int exit_usage = 64;      // EX_USAGE
inline constexpr int exit_unwritten = 74;  // EX_IOERR: the answer could not be written

// How a command ended.
struct Outcome {
  int status = exit_done;
  std::string why;  // for standard error; empty when it is done
};

// Whether all that was flushed has been written.
Outcome written(const Output& output);

class ControlClient {
 public:
  // `socket` is a path, or @name. The daemon may be silent for `timeout`. `reactor` and `output` must outlive it.
  ControlClient(Reactor& reactor, std::string socket, Duration timeout, Output& output)
      : reactor_(reactor), socket_(std::move(socket)), timeout_(timeout), output_(output) {}

  // Sends the request, a line with its end, and writes the answer to the output, without its last line. Turns the Reactor
  // until that is done. The answer of a command that goes on (known_commands.hpp) is written as it comes, and may pause for any
  // time; it has its end, too, where nobody reads the output any more.
  Outcome ask(std::string request);

 private:
  Task<> exchange(std::string request, Outcome& outcome);
  Task<Outcome> show_answer(Conn& conn, bool goes_on);

  Reactor& reactor_;
  const std::string socket_;
  const Duration timeout_;
  Output& output_;
};

}  // namespace reactord::control
