// Watch: a file descriptor that the Reactor watches for readiness, and owns until it is reaped. For makers of new kinds
// of endpoints; users of Conn, Listener and Server do not need it.
//
//     new Watch --add--> open ----retire()----> retired ----reap, at the end of the turn----> fd closed
//                         |                                                                       |
//                         +--- the owner's release() (which closes it, if open) ----------------> deleted
//
// Close is two-phase: retire() stops every event at once; the descriptor is closed and the object deleted at the end of
// the turn. So no descriptor number is reused, and no object freed, while the events of the same batch are served.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>

#include "reactord/list.hpp"
#include "reactord/timer.hpp"

namespace reactord {

class Reactor;

// The readiness of a file descriptor: a set of the bits below, in epoll's own values.
using Readiness = std::uint32_t;
namespace readiness {
inline constexpr Readiness readable = 0x001;
inline constexpr Readiness urgent = 0x002;  // out-of-band data is there, or lies ahead: a receive stops at it
inline constexpr Readiness writable = 0x004;
inline constexpr Readiness error = 0x008;
inline constexpr Readiness hang_up = 0x010;
inline constexpr Readiness peer_finished = 0x2000;  // the peer has shut down its writing
}  // namespace readiness

class Watch : public Timer {
 public:
  // Takes ownership of the descriptor; -1: it has none.
  Watch(Reactor& reactor, int fd) noexcept : fd_(fd), reactor_(reactor) {}
  virtual ~Watch();  // closes the descriptor if it was never added

  Reactor& reactor() const noexcept { return reactor_; }
  int fd() const noexcept { return fd_; }
  bool is_added() const noexcept { return added_; }
  bool is_retired() const noexcept { return (out_of_order_ & retired) != 0; }

  // Leaves the descriptor to the caller. Only before the Watch is added.
  void give_up_descriptor() noexcept {
    assert(!is_added());
    fd_ = -1;
  }

  // States that another process has the same open file, under a descriptor of its own.
  void set_held_elsewhere() noexcept { held_elsewhere_ = true; }

  // Called by the owner in place of delete: closes it if it is open, and deletes it once it has been reaped.
  void release() noexcept;

 protected:
  friend class Reactor;
  friend class WatchRegistry;
  friend class WatchQueues;
  friend class List<Watch>;

  // Edge-triggered: each readiness is reported once and must be remembered. 0: requested by Reactor::serve_next_turn().
  virtual void on_ready(Readiness readiness) = 0;
  virtual void on_flush() {}       // called once per turn in which Reactor::flush_later() was called
  virtual void on_release() = 0;   // must start closing; may take turns; ends in Reactor::retire()
  virtual void on_shutdown() = 0;  // the Reactor shuts down: must fail what is pending and retire at once
  void on_timer() override {}

 private:
  // The reasons not to serve it in the order of its event, as bits: so the usual watch costs one test.
  enum OutOfOrder : std::uint8_t { retired = 1, last = 2 };
  std::uint8_t out_of_order_ = 0;

  bool added_ : 1 = false;
  bool released_ : 1 = false;
  bool reaped_ : 1 = false;
  bool next_turn_queued_ : 1 = false;
  bool flush_queued_ : 1 = false;
  bool referred_ : 1 = false;        // set when a queued operation refers to it: it lives one turn more
  bool held_elsewhere_ : 1 = false;  // set when closing the descriptor does not end its events

 protected:
  void serve_last() noexcept { out_of_order_ |= last; }  // for a listener: after all connections of the turn

 private:
  int fd_;
  Reactor& reactor_;
  ListNode<Watch> node_;  // of those that are open, later of those that are retired
};

// A handle of a Watch: releases it at its end. The Reactor owns the Watch once that was added.
struct ReleaseWatch {
  void operator()(Watch* watch) const noexcept { watch->release(); }
};
template <typename Kind>
using WatchHandle = std::unique_ptr<Kind, ReleaseWatch>;

}  // namespace reactord
