// Poller: epoll(7) behind three functions. No other file knows epoll.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <cstddef>
#include <memory>

#include "reactord/watch.hpp"

namespace reactord {

class Poller {
 public:
  static constexpr std::size_t events_per_wait = 256;

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  int error() const noexcept { return fd_ < 0 ? -fd_ : 0; }  // the errno of epoll_create1(2)

  // Watches `fd` for every readiness, edge-triggered. No second call for the same descriptor is needed: closing it
  // removes it, because descriptors are close-on-exec and never duplicated. Returns 0 or -errno.
  int add(int fd, Watch& watch) noexcept;

  // Needed before the close of a descriptor whose open file another process holds too. Without it the kernel goes on
  // reporting that file, and would name a deleted Watch.
  void remove(int fd) noexcept;

  // Waits at most `milliseconds` (-1: for ever), or until a signal interrupts it. Returns the number of events, or
  // -errno.
  int wait(int milliseconds) noexcept {
    const int count = ::epoll_wait(fd_, events_.get(), static_cast<int>(events_per_wait), milliseconds);
    if (count >= 0) [[likely]]
      return count;
    const int saved = errno;
    return wait_failed(saved);
  }

  // Iterates over the events of the last wait().
  using Event = const epoll_event*;
  Event first() const noexcept { return events_.get(); }
  // True when more may be ready than one wait returns. `end`: behind the last event.
  bool was_full(Event end) const noexcept { return end == events_.get() + events_per_wait; }
  static Watch& watch_of(Event event) noexcept { return *static_cast<Watch*>(event->data.ptr); }
  static Readiness readiness_of(Event event) noexcept { return event->events; }

 private:
  int wait_failed(int number) noexcept;

  int fd_;
  std::unique_ptr<epoll_event[]> events_;
};

}  // namespace reactord
