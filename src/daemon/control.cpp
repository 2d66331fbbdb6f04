#include "daemon/control.hpp"

#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/system.hpp"
#include "daemon/control_access.hpp"
#include "daemon/control_caller.hpp"
#include "daemon/control_limits.hpp"
#include "daemon/shown_address.hpp"

namespace reactord {
namespace {

constexpr std::string_view protocol = "control";
constexpr std::string_view refusal =
    "ERR your user may not command this daemon: root and its own user may, others where control = unix:/path "
    "has "
    "mode=0660 group=GROUP\n";

}  // namespace

Control::Control(Reactor& reactor, StreamHandler& handler, Log& log, EventLog& events)
    : reactor_(reactor),
      handler_(handler),
      log_(log),
      events_(events),
      drained_(reactor),
      server_(reactor, {.limits = control_limits(), .observer = this}) {}

Result<Listener> Control::open(const ControlOption& wanted) {
  auto address = Address::parse(wanted.address);
  if (!address) return std::unexpected(std::move(address).error());
  ListenOptions options;
  options.file = wanted.file;
  options.after_accept = [this](int fd, Network, const Address& remote) { return admits(fd, remote); };
  options.on_pause = [this](const Error& error, Duration pause) { events_.accept_paused(error, pause); };
  return listen(reactor_, *address, std::move(options));
}

// A new connection takes a line at once. One that is refused here takes no place of those that are allowed.
bool Control::admits(int fd, const Address& remote) noexcept {
  const auto peer = remote.credentials();
  if (may_control(peer, ::geteuid(), option_)) return true;
  system::send_now(fd, refusal.data(), refusal.size());
  events_.tell({.level = LogLevel::warn, .event = "control-refused"}, [&](Log::Line& line) {
    line.add("address", address_);
    add_caller(line, peer);
  });
  return false;
}

// A file that is gone, or was replaced, is made anew.
bool Control::is_kept(const ControlOption& wanted) const {
  return id_ != 0 && wanted.address == option_.address && server_.is_reachable(id_);
}

Result<void> Control::prepare(const ControlOption& wanted) {
  wanted_ = wanted;
  if (!wanted.is_on()) return {};
  if (!is_kept(wanted)) {
    auto opened = open(wanted);
    if (!opened) {
      wanted_.reset();
      return std::unexpected(std::move(opened).error());
    }
    opened_ = std::move(*opened);
    return {};
  }
  if (wanted.file == option_.file) return {};
  auto set = server_.set_socket_file(id_, wanted.file);
  if (!set) abandon();
  return set;
}

void Control::follow() {
  const bool ends = id_ != 0 && (!wanted_->is_on() || opened_);
  option_ = *std::exchange(wanted_, std::nullopt);
  if (ends) end_listener();
  if (!opened_) return;
  address_ = shown_address(opened_->local_addr());
  id_ = server_.listen(*std::exchange(opened_, std::nullopt), handler_, protocol);
  log_.line(LogLevel::info, "control").add("address", address_);
}

void Control::abandon() noexcept {
  if (wanted_ && !opened_ && id_ != 0 && wanted_->is_on() && wanted_->file != option_.file)
    auto set = server_.set_socket_file(id_, option_.file);
  opened_.reset();
  wanted_.reset();
}

void Control::end_listener() {
  server_.stop_listening(std::exchange(id_, 0));
  log_.line(LogLevel::info, "control-ended").add("address", address_);
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
  if (id == id_) id_ = 0;
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
