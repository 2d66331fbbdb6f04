#include "control/control_failure.hpp"

#include <cerrno>

#include "base/quantity.hpp"

namespace reactord::control {
namespace {

Outcome unanswered(const std::string& socket, std::string_view what) {
  return {exit_unanswered, socket + ": " + std::string(what)};
}

}  // namespace

Outcome unreachable(const std::string& socket, Duration timeout, const Error& error) {
  if (error == ErrorCode::invalid) return {exit_usage, error.text()};
  if (error == ErrorCode::deadline_exceeded) {
    return unanswered(socket,
                      "no connection within " + duration_text(timeout) + ": the daemon is stuck or stopped");
  }
  switch (error.system_errno()) {
    case ENOENT:
    case ENOTDIR:
      return unanswered(socket, "there is no such socket: start the daemon with control = unix:" + socket +
                                    ", or name the right one with --socket");
    case ECONNREFUSED:
      return unanswered(socket,
                        "nobody listens there: start the daemon, or name the right socket with --socket");
    case EACCES:
    case EPERM:
      return unanswered(
          socket,
          "permission denied: run reactordctl as root or as the daemon's user, or let a group in by control "
          "= unix:" +
              socket + " mode=0660 group=GROUP");
    case EAGAIN:
      return unanswered(socket, "too many connections wait for the daemon: try again");
    default:
      return unanswered(socket, error.reason());
  }
}

Outcome broken_off(const std::string& socket, Duration timeout, const Error& error) {
  if (error.is_eof() || error.is_reset()) {
    return unanswered(socket, "the daemon hung up before the end of its answer: its log may say why");
  }
  if (error.timeout()) {
    return unanswered(socket,
                      "no answer within " + duration_text(timeout) +
                          ": the daemon is stuck, or this is not its control socket; --timeout waits longer");
  }
  return unanswered(socket, error.reason());
}

}  // namespace reactord::control
