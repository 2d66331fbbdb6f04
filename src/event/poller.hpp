// Poller: epoll(7) behind three verbs. The only place that knows epoll.
#pragma once

#include <array>
#include <cstddef>

#include "reactord/watch.hpp"

struct epoll_event;

namespace reactord {

class Poller {
 public:
  static constexpr std::size_t events_per_wait = 256;

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  int error() const noexcept { return fd_ < 0 ? -fd_ : 0; }  // errno of epoll_create1(2)

  // Watches fd for everything, edge-triggered. No second call for the same descriptor is ever needed: closing
  // it removes it, because descriptors are close-on-exec and never duplicated. Returns 0 or -errno.
  int add(int fd, Watch& watch) noexcept;

  // How many events came within `milliseconds` (-1: without limit), 0 also when a signal interrupted; or
  // -errno.
  int wait(int milliseconds) noexcept;
  Watch& watch(std::size_t event) const noexcept;  // of the last wait()
  Readiness ready(std::size_t event) const noexcept;

 private:
  int fd_;
  std::unique_ptr<epoll_event[]> events_;
};

}  // namespace reactord
