#include "event/poller.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <cassert>

#include <cerrno>

namespace reactord {

static_assert(readiness::readable == EPOLLIN && readiness::urgent == EPOLLPRI &&
              readiness::writable == EPOLLOUT && readiness::error == EPOLLERR &&
              readiness::hang_up == EPOLLHUP && readiness::peer_finished == EPOLLRDHUP);

Poller::Poller() : events_(new epoll_event[events_per_wait]) {
  fd_ = ::epoll_create1(EPOLL_CLOEXEC);
  const int saved = errno;
  if (fd_ < 0) fd_ = -saved;
}

Poller::~Poller() {
  if (fd_ >= 0) ::close(fd_);
}

// The process may have been stopped (signal(7)) for any time. Events that came meanwhile must not count as missing: so
// the kernel is asked once more, without waiting.
int Poller::wait_failed(int number) noexcept {
  if (number != EINTR) return -number;
  const int count = ::epoll_wait(fd_, events_.get(), static_cast<int>(events_per_wait), 0);
  const int saved = errno;
  if (count >= 0) return count;
  return saved == EINTR ? 0 : -saved;
}

int Poller::add(int fd, Watch& watch) noexcept {
  assert(fd >= 0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watch;
  const int result = ::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event);
  const int saved = errno;
  return result < 0 ? -saved : 0;
}

void Poller::remove(int fd) noexcept { ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr); }

}  // namespace reactord
