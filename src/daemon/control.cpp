#include "daemon/control.hpp"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/system.hpp"
#include "daemon/control_access.hpp"
#include "daemon/control_caller.hpp"
#include "daemon/control_limits.hpp"

namespace reactord {
namespace {

constexpr std::string_view protocol = "control";
constexpr std::string_view refusal =
    "ERR your user may not command this daemon: root and its own user may, others where control = unix:/path "
    "has "
    "mode=0660 group=GROUP\n";

}  // namespace

Control::Control(Reactor& reactor, StreamHandler& handler, Log& log, EventLog& events)
    : log_(log),
      events_(events),
      drained_(reactor),
      side_(server_, handler, protocol, listen_options()),
      server_(reactor, {.limits = control_limits(), .observer = this}) {}

ListenOptions Control::listen_options() {
  ListenOptions options;
  options.after_accept = [this](int fd, Network, const Address& remote) { return admits(fd, remote); };
  options.on_pause = [this](const Error& error, Duration pause) { events_.accept_paused(error, pause); };
  return options;
}

// A new connection takes a line at once. One that is refused here takes no place of those that are allowed.
bool Control::admits(int fd, const Address& remote) noexcept {
  const auto peer = remote.credentials();
  if (may_control(peer, ::geteuid(), option_)) return true;
  system::send_now(fd, refusal.data(), refusal.size());
  events_.tell({.level = LogLevel::warn, .event = "control-refused"}, [&](Log::Line& line) {
    line.add("address", side_.address());
    add_caller(line, peer);
  });
  return false;
}

void Control::follow() {
  const SideListener::Change change = side_.follow();
  option_ = {side_.place().address, side_.place().file};
  if (!change.closed.empty()) log_.line(LogLevel::info, "control-ended").add("address", change.closed);
  if (!change.opened.empty()) log_.line(LogLevel::info, "control").add("address", change.opened);
}

Task<> Control::stop(Control& control) {
  control.server_.drain(control_drain_timeout);
  auto ended = co_await control.drained_.wait();
}

// The end of a connection is of interest where it could not be served: its commands are logged where they change something.
void Control::on_closed(const ConnectionEnd& end) {
  if (end.cause == EndCause::over_limit || end.cause == EndCause::error) events_.closed(end);
}

void Control::on_listener_failed(ListenerId id, const Error& error) {
  events_.listener_failed(error);
  side_.failed(id);
}

std::string control_hint(const Error& error) {
  switch (error.system_errno()) {
    case EADDRINUSE:
      return "Another process listens there, or the file is no socket: \"ss -lxp\" shows it; or choose "
             "another with "
             "--control.";
    case EACCES:
    case ENOENT:
    case EROFS:
      return "The folder of the socket must be there, and the daemon's user must be able to write to it: "
             "RuntimeDirectory= of a unit makes one below /run.";
    case EPERM:
      return "The owner of a unix path may be changed by root, its group to one that the process is in.";
    default:
      return "";
  }
}

}  // namespace reactord
