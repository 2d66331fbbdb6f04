// Notifier: reports the daemon's state to the service manager, in datagrams to the socket it named. The protocol of
// sd_notify(3): one datagram, one or more lines NAME=VALUE.
//
//     ready        READY=1 STATUS=...               what was promised is served (again, after a reload)
//     reloading    RELOADING=1 MONOTONIC_USEC=...   until the next ready
//     stopping     STOPPING=1 STATUS=...            it ends, and means to
//     status       STATUS=...                       a line for "systemctl status", at most one a second
//     extend       EXTEND_TIMEOUT_USEC=...          it goes on, and may last so long from when this is sent
//     watchdog     WATCHDOG=1                       the loop turns; a service that stops saying so is restarted
//
// Sending never blocks. A message that finds the manager's queue full is kept, and tried again each second and before
// the next message. Messages keep their order, and only the newest of each kind is kept, so at most one of each kind
// waits. The manager reads RELOADING before the READY that ends it, and so learns of both. The text goes with the last
// of the states. An extension that is over by then is left out. Messages that still wait when the process ends are
// lost: its exit tells the manager. Without a manager to report to, every call does nothing and causes no wake-ups.
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

// The variables of the same names; empty: not set.
struct NotifyEnvironment {
  std::optional<std::string> notify_socket = {};
  std::optional<std::string> watchdog_usec = {};
  std::optional<std::string> watchdog_pid = {};

  static NotifyEnvironment take();  // taken from the environment of this process: see take_variable()
};

class Notifier {
 public:
  static constexpr Duration status_interval = 1s;
  // A handler may block the loop for about as long (Limits::stall_threshold): no reason to restart the service.
  static constexpr Duration shortest_watchdog_interval = 100ms;
  static constexpr std::size_t longest_status = 1024;  // in bytes; the manager reads 4096 of a datagram

  // Called when the manager can't be reached: once, and again only after a message has been sent. Also called within
  // the constructor, for a variable that is malformed. `program` is the name of the daemon.
  using OnFailure = std::function<void(const Error& error)>;

  // `process` is the id of this process. The Reactor must outlive the Notifier.
  Notifier(Reactor& reactor, const NotifyEnvironment& environment, pid_t process, OnFailure on_failure,
           std::string_view program);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  bool is_heard() const noexcept { return socket_.fd >= 0; }  // true when there is a manager to report to

  // From the first call on, a timer of the loop tells the watchdog, twice as often as it asks for.
  void ready(std::string_view status);

  // Call it first when a reload is asked for. `now` is CLOCK_MONOTONIC after the request has been read:
  // monotonic_now(). The time of the loop's turn may lie before the request, and the manager would wait on.
  void reloading(Time now);

  void stopping(std::string_view status);

  // The newest text wins when several come within a second. Line ends in it become spaces.
  void status(std::string_view text);

  // Extends a start, reload or stop to this time from now on. The newest one counts, also if it is less.
  void extend_timeout(Duration from_now);
  void watchdog();  // for a computation that knowingly keeps the loop from turning

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
    ready,      // has a text
    reloading,  // has a moment
    stopping,   // has a text
    extend,     // its variable is made when it is sent
    watchdog,
  };
  static constexpr std::size_t kinds = 5;
  struct Message {
    Kind kind;
    std::string variables;
  };

  void open_socket(const std::string& name, std::string_view program);
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
  Duration watchdog_interval_{0};  // zero: no watchdog
  int failure_ = 0;                // an errno that is not reported yet; 0: none
  bool failing_ = false;
  std::vector<Message> waiting_;  // in the order of the calls, the newest of each kind
  Time extended_to_;
  std::string status_;  // the newest text, as it is sent
  bool status_waits_ = false;
  Time next_status_;
  Alarm waiting_alarm_{*this, &Notifier::send_waiting};
  Alarm watchdog_alarm_{*this, &Notifier::tick_watchdog};
};

}  // namespace reactord
