// Notifier: tells the service manager how we are, in datagrams to the socket it named. The protocol of sd_notify(3):
// one datagram, one or more lines NAME=VALUE.
//
//     ready        READY=1 STATUS=...               what was promised is served (again, after a reload)
//     reloading    RELOADING=1 MONOTONIC_USEC=...   until the next ready
//     stopping     STOPPING=1 STATUS=...            it ends, and means to
//     status       STATUS=...                       a line for "systemctl status", at most one a second
//     extend       EXTEND_TIMEOUT_USEC=...          it goes on, and may last so long from when this is sent
//     watchdog     WATCHDOG=1                       the loop turns; whoever stops saying so is restarted
//
// Sending never waits. What finds the manager's queue full is kept, and tried again each second and before whatever is
// said next: all in the order in which it was said, and of each kind the newest, so that no more waits than there are
// kinds. The manager reads RELOADING before the READY that ends it, and so learns of both. A text goes with the last of
// the states, an extension that is over by then is left out. What still waits when the process ends is not told: its exit
// is. Where no manager asked to be told, every call does nothing, and there are no wake-ups.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"
#include "reactord/address.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

// The variables of the same names; nothing: not set.
struct NotifyEnvironment {
  std::optional<std::string> notify_socket = {};
  std::optional<std::string> watchdog_usec = {};
  std::optional<std::string> watchdog_pid = {};

  static NotifyEnvironment take();  // out of the environment of this process: see take_variable()
};

class Notifier {
 public:
  static constexpr Duration status_interval = 1s;
  // A handler may hold the loop for about as long (Limits::stall_threshold): no reason to restart the service.
  static constexpr Duration shortest_watchdog_interval = 100ms;
  static constexpr std::size_t longest_status = 1024;  // bytes; the manager reads 4096 of a datagram

  // Told of what keeps the manager from hearing us: once, and again only after something has been heard. Also from
  // within the constructor, of a variable that can't be understood.
  using OnFailure = std::function<void(const Error& error)>;

  // `process` is our own id. The Reactor must outlive the Notifier.
  Notifier(Reactor& reactor, const NotifyEnvironment& environment, pid_t process, OnFailure on_failure);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  bool is_heard() const noexcept { return socket_.fd >= 0; }  // there is a manager to tell

  // From the first one on, the watchdog is told by a timer of the loop, twice as often as it asks for.
  void ready(std::string_view status);

  // Say it first of all when a reload is asked for. `now` is CLOCK_MONOTONIC after the request has been read:
  // monotonic_now(). The time of the loop's turn may lie before the request, and the manager would wait on.
  void reloading(Time now);

  void stopping(std::string_view status);

  // The newest text wins where several come within a second. Line ends in it become spaces.
  void status(std::string_view text);

  // A start, reload or stop that goes on may last so long from now on. The newest one counts, also if it is less.
  void extend_timeout(Duration from_now);
  void watchdog();  // for a computation that keeps the loop from turning, and knows it

 private:
  class Alarm final : public Timer {
   public:
    Alarm(Notifier& notifier, void (Notifier::*ring)()) noexcept : notifier_(notifier), ring_(ring) {}
    void on_timer() override { (notifier_.*ring_)(); }

   private:
    Notifier& notifier_;
    void (Notifier::*ring_)();
  };

  enum class Kind : std::uint8_t {
    ready,      // with a text
    reloading,  // with its moment
    stopping,   // with a text
    extend,     // its variable is made when it is sent
    watchdog,
  };
  static constexpr std::size_t kinds = 5;
  struct Message {
    Kind kind;
    std::string variables;
  };

  void open_socket(const std::string& name);
  void read_watchdog(const NotifyEnvironment& environment, pid_t process);
  void say(Kind kind, std::string variables);
  void say_with_status(Kind kind, std::string variables, std::string_view status);
  void send_waiting();
  bool send_first();
  bool carries_status(const Message& message) const noexcept;
  void tick_watchdog();
  bool send(std::string_view text);
  void tell_failure();
  void fail(const Error& error);

  Reactor& reactor_;
  OnFailure on_failure_;
  Socket socket_{-1};
  Address address_;
  Duration watchdog_interval_{0};  // zero: none
  int failure_ = 0;                // an errno that is not told yet
  bool failing_ = false;
  std::vector<Message> waiting_;  // in the order they were said, of each kind the newest
  Time extended_to_;
  std::string status_;  // the newest, as it is sent
  bool status_waits_ = false;
  Time next_status_;
  Alarm waiting_alarm_{*this, &Notifier::send_waiting};
  Alarm watchdog_alarm_{*this, &Notifier::tick_watchdog};
};

}  // namespace reactord
