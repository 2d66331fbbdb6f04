#include "daemon/notify.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "daemon/environment.hpp"
#include "daemon/printable.hpp"

namespace reactord {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }  // in UTF-8

// A line end would begin another variable. An incomplete or invalid character would make the manager drop the whole
// text.
std::string status_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  line = printable(line);
  if (line.size() > Notifier::longest_status) {
    std::size_t length = Notifier::longest_status;
    while (length > 0 && continues_character(line[length])) --length;
    line.resize(length);
  }
  return "STATUS=" + line;
}

std::string microseconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

}  // namespace

NotifyEnvironment NotifyEnvironment::take() {
  return {.notify_socket = take_variable("NOTIFY_SOCKET"),
          .watchdog_usec = take_variable("WATCHDOG_USEC"),
          .watchdog_pid = take_variable("WATCHDOG_PID")};
}

Notifier::Notifier(Reactor& reactor, const NotifyEnvironment& environment, pid_t process,
                   OnFailure on_failure, std::string_view program)
    : reactor_(reactor), on_failure_(std::move(on_failure)) {
  if (environment.notify_socket) open_socket(*environment.notify_socket, program);
  if (!is_heard()) return;
  waiting_.reserve(kinds);  // reserved, so that watchdog() never allocates
  read_watchdog(environment, process);
}

Notifier::~Notifier() {
  reactor_.timers().cancel(waiting_alarm_);
  reactor_.timers().cancel(watchdog_alarm_);
}

void Notifier::open_socket(const std::string& name, std::string_view program) {
  const auto refuse = [&](Error error) {
    fail(std::move(error).with_operation("notify", "", "", "NOTIFY_SOCKET=" + name));
  };
  if (name.size() < 2 || (name[0] != '/' && name[0] != '@')) {
    return refuse(Error::invalid("must be a path or @name: nobody will be told that " + std::string(program) +
                                 " is ready"));
  }
  auto address = Address::parse(Network::unix_socket, name);
  if (!address) return refuse(std::move(address).error());
  address_ = std::move(*address);
  const int opened = system::datagram_socket(AF_UNIX);
  if (opened < 0) return refuse(Error::from_errno(-opened, "socket"));
  socket_.fd = opened;
}

void Notifier::read_watchdog(const NotifyEnvironment& environment, pid_t process) {
  if (!environment.watchdog_usec) return;
  if (environment.watchdog_pid && parse_whole<pid_t>(*environment.watchdog_pid) != process) return;
  const auto usec = parse_whole<std::uint64_t>(*environment.watchdog_usec);
  constexpr std::uint64_t longest = INT64_MAX / 1000;  // a Duration counts nanoseconds
  if (!usec || *usec == 0) {
    return fail(Error::invalid("notify WATCHDOG_USEC=" + *environment.watchdog_usec +
                               ": must be a number of microseconds: there will be no watchdog"));
  }
  const Duration timeout = std::chrono::microseconds(std::min(*usec, longest));
  watchdog_interval_ = std::max<Duration>(timeout / 2, shortest_watchdog_interval);
  if (timeout > shortest_watchdog_interval) return;
  fail(Error::invalid("notify WATCHDOG_USEC=" + *environment.watchdog_usec +
                      ": too short to be kept, WatchdogSec= must be more than 100ms"));
}

void Notifier::ready(std::string_view status) {
  say_with_status(Kind::ready, "READY=1", status);
  if (watchdog_interval_ > 0ns && !watchdog_alarm_.is_armed()) {
    reactor_.arm(watchdog_alarm_, reactor_.now() + watchdog_interval_);
  }
}

void Notifier::stopping(std::string_view status) { say_with_status(Kind::stopping, "STOPPING=1", status); }

void Notifier::reloading(Time now) {
  // One datagram: without its moment the manager can't tell whether this answers its request.
  say(Kind::reloading, "RELOADING=1\nMONOTONIC_USEC=" + microseconds(now - Time()));
}

void Notifier::extend_timeout(Duration from_now) {
  extended_to_ = reactor_.now() + from_now;
  say(Kind::extend, "");
}

void Notifier::watchdog() { say(Kind::watchdog, "WATCHDOG=1"); }

void Notifier::say_with_status(Kind kind, std::string variables, std::string_view status) {
  status_ = status_line(status);
  say(kind, std::move(variables));
}

void Notifier::say(Kind kind, std::string variables) {
  if (!is_heard()) return;
  std::erase_if(waiting_, [kind](const Message& one) { return one.kind == kind; });
  waiting_.push_back({kind, std::move(variables)});
  send_waiting();
}

void Notifier::status(std::string_view text) {
  if (!is_heard()) return;
  std::string line = status_line(text);
  if (line == status_) return;
  status_ = std::move(line);
  status_waits_ = true;
  send_waiting();
}

// The newest message may be the one that finds no room: so all are tried in order, and the timer is armed for the rest.
void Notifier::send_waiting() {
  try {
    while (!waiting_.empty() && send_first()) waiting_.erase(waiting_.begin());
  } catch (const std::bad_alloc&) {  // the next try may find memory
  }
  const Time now = reactor_.now();
  if (waiting_.empty() && status_waits_ && now >= next_status_) {
    next_status_ = now + status_interval;
    status_waits_ = !send(status_);
  }
  if (!waiting_.empty()) {
    reactor_.arm(waiting_alarm_, now + status_interval);
  } else if (status_waits_) {
    reactor_.arm(waiting_alarm_, next_status_);
  } else {
    reactor_.timers().cancel(waiting_alarm_);
  }
  tell_failure();
}

// As send(), for the first message that waits.
bool Notifier::send_first() {
  const Message& message = waiting_.front();
  if (message.kind == Kind::extend) {
    const Duration left = extended_to_ - reactor_.now();
    return left <= 0ns || send("EXTEND_TIMEOUT_USEC=" + microseconds(left));
  }
  if (!carries_status(message)) return send(message.variables);
  if (!send(message.variables + '\n' + status_)) return false;
  status_waits_ = false;
  next_status_ = reactor_.now() + status_interval;
  return true;
}

// The text goes with the last state that takes one: earlier states are over.
bool Notifier::carries_status(const Message& message) const noexcept {
  const auto last = std::ranges::find_if(waiting_.rbegin(), waiting_.rend(), [](const Message& one) {
    return one.kind == Kind::ready || one.kind == Kind::stopping;
  });
  return last != waiting_.rend() && &*last == &message;
}

void Notifier::tick_watchdog() {
  watchdog();
  reactor_.arm(watchdog_alarm_, reactor_.now() + watchdog_interval_);
}

// True when it was sent or never will be. False when there is no room for it now.
bool Notifier::send(std::string_view text) {
  sockaddr_storage storage{};
  const unsigned length = address_.to_socket_address(storage);
  const ssize_t sent = system::send_datagram(socket_.fd, text.data(), text.size(), storage, length);
  if (sent >= 0) {
    failing_ = false;
    return true;
  }
  failure_ = static_cast<int>(-sent);
  return sent != -EAGAIN && sent != -ENOBUFS;
}

// Called last: the failure handler may call the Notifier.
void Notifier::tell_failure() {
  const int failure = std::exchange(failure_, 0);
  if (failure == 0) return;
  try {
    fail(Error::from_errno(failure, "sendto").with_operation("notify", "", "", address_.text()));
  } catch (const std::bad_alloc&) {  // the next failure is reported
  }
}

void Notifier::fail(const Error& error) {
  if (std::exchange(failing_, true)) return;
  if (on_failure_) on_failure_(error);
}

}  // namespace reactord
