#undef _FORTIFY_SOURCE  // whose inline definitions of the same functions would stand in the way
#include "support/fail_next.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <mutex>
#include <optional>

namespace test {
namespace {

struct Registration {
  int epoll_fd = -1;
  epoll_event event{};
};

constexpr std::size_t most_descriptors = 4096;
thread_local std::array<FailNext*, calls> failing{};

// Reactors of several threads may be watching at once.
std::mutex mutex;
std::array<Registration, most_descriptors> registrations;

FailNext*& slot(Call call) { return failing[static_cast<std::size_t>(call)]; }

int control(int epoll_fd, int operation, int fd, epoll_event* event) {
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll_fd, operation, fd, event));
}

std::optional<Registration> registration_of(int fd) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= most_descriptors) return std::nullopt;
  const std::scoped_lock lock(mutex);
  const Registration& registration = registrations[static_cast<std::size_t>(fd)];
  if (registration.epoll_fd < 0) return std::nullopt;
  return registration;
}

void note_registration(int fd, Registration registration) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= most_descriptors) return;
  const std::scoped_lock lock(mutex);
  registrations[static_cast<std::size_t>(fd)] = registration;
}

bool is_transfer(Call call) { return call == Call::recv || call == Call::send || call == Call::sendmsg; }

}  // namespace

// A number may have been closed and given out again since: the kernel knows.
bool is_watched(int fd) {
  const std::optional<Registration> registration = registration_of(fd);
  if (!registration) return false;
  epoll_event none{};
  if (control(registration->epoll_fd, EPOLL_CTL_ADD, fd, &none) != 0) return errno == EEXIST;
  control(registration->epoll_fd, EPOLL_CTL_DEL, fd, &none);
  return false;
}

bool announce_anew(int fd) {
  std::optional<Registration> registration = registration_of(fd);
  return registration && control(registration->epoll_fd, EPOLL_CTL_MOD, fd, &registration->event) == 0;
}

FailNext::FailNext(Call call, int number, unsigned times) : call_(call), errno_(number), left_(times) {
  REQUIRE(slot(call) == nullptr);
  slot(call) = this;
}

FailNext::~FailNext() { slot(call_) = nullptr; }

bool fails_next(Call call, int fd) {
  FailNext* const fail = slot(call);
  if (fail == nullptr || fail->left_ == 0) return false;
  if (is_transfer(call) && !is_watched(fd)) return false;
  if (fail->errno_ == EAGAIN) announce_anew(fd);
  --fail->left_;
  errno = fail->errno_;
  return true;
}

}  // namespace test

using test::Call;
using test::fails_next;

extern "C" {

int epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) noexcept {
  if (fails_next(Call::epoll_ctl)) return -1;
  const int result = test::control(epoll_fd, operation, fd, event);
  if (result == 0 && operation == EPOLL_CTL_ADD) test::note_registration(fd, {epoll_fd, *event});
  return result;
}

int epoll_wait(int epoll_fd, epoll_event* events, int most, int milliseconds) {
  if (fails_next(Call::epoll_wait)) return -1;
  return static_cast<int>(
      ::syscall(SYS_epoll_pwait, epoll_fd, events, most, milliseconds, nullptr, _NSIG / 8));
}

int epoll_create1(int flags) noexcept {
  if (fails_next(Call::epoll_create1)) return -1;
  return static_cast<int>(::syscall(SYS_epoll_create1, flags));
}

int eventfd(unsigned count, int flags) noexcept {
  if (fails_next(Call::eventfd)) return -1;
  return static_cast<int>(::syscall(SYS_eventfd2, count, flags));
}

int signalfd(int fd, const sigset_t* mask, int flags) noexcept {
  if (fails_next(Call::signalfd)) return -1;
  return static_cast<int>(::syscall(SYS_signalfd4, fd, mask, _NSIG / 8, flags));
}

int timerfd_create(clockid_t clock, int flags) noexcept {
  if (fails_next(Call::timerfd_create)) return -1;
  return static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
}

int timerfd_settime(int fd, int flags, const itimerspec* value, itimerspec* old) noexcept {
  if (fails_next(Call::timerfd_settime)) return -1;
  return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, value, old));
}

int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (fails_next(Call::accept, fd)) return -1;
  return static_cast<int>(::syscall(SYS_accept4, fd, address, length, flags));
}

int socket(int family, int type, int protocol) noexcept {
  if (fails_next(Call::socket)) return -1;
  return static_cast<int>(::syscall(SYS_socket, family, type, protocol));
}

int bind(int fd, const sockaddr* address, socklen_t length) noexcept {
  if (fails_next(Call::bind)) return -1;
  return static_cast<int>(::syscall(SYS_bind, fd, address, length));
}

int listen(int fd, int backlog) noexcept {
  if (fails_next(Call::listen)) return -1;
  return static_cast<int>(::syscall(SYS_listen, fd, backlog));
}

int connect(int fd, const sockaddr* address, socklen_t length) {
  if (fails_next(Call::connect)) return -1;
  return static_cast<int>(::syscall(SYS_connect, fd, address, length));
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) noexcept {
  if (fails_next(Call::setsockopt)) return -1;
  return static_cast<int>(::syscall(SYS_setsockopt, fd, level, name, value, length));
}

int getsockname(int fd, sockaddr* address, socklen_t* length) noexcept {
  if (fails_next(Call::getsockname)) return -1;
  return static_cast<int>(::syscall(SYS_getsockname, fd, address, length));
}

int shutdown(int fd, int how) noexcept {
  if (fails_next(Call::shutdown)) return -1;
  return static_cast<int>(::syscall(SYS_shutdown, fd, how));
}

int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (fails_next(Call::fcntl)) return -1;
  return static_cast<int>(::syscall(SYS_fcntl, fd, command, argument));
}

}  // extern "C"
