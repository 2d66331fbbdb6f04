// The system calls of faults.hpp: defined here, in the test program, they are found before those of the C library and
// of the sanitizer.
#undef _FORTIFY_SOURCE  // whose inline definitions of the same functions would stand in the way
#include "support/faults.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "support/fail_next.hpp"

namespace test {
namespace {

Faults* active = nullptr;
std::size_t without_descriptor = 0;

// The announcement comes first: it holds until the loop looks, and only what can be announced may fail.
Faults::Kind fault_for(int fd, bool read) {
  if (fd < 0) ++without_descriptor;
  if (active == nullptr) return Faults::Kind::none;
  Faults::Kind kind = active->choose(read);
  const bool stays_silent = kind == Faults::Kind::none || kind == Faults::Kind::interrupt;
  if (!stays_silent && !announce_anew(fd)) kind = Faults::Kind::none;
  if (kind == Faults::Kind::interrupt && !is_watched(fd)) kind = Faults::Kind::none;
  active->count(read, kind);
  return kind;
}

// True if the call is answered here, with errno.
bool fails(Faults::Kind kind) {
  if (kind == Faults::Kind::interrupt) errno = EINTR;
  if (kind == Faults::Kind::refuse) errno = EAGAIN;
  return kind == Faults::Kind::interrupt || kind == Faults::Kind::refuse;
}

}  // namespace

std::size_t transfers_without_descriptor() noexcept { return without_descriptor; }

Faults::Faults(std::uint32_t seed) : random_(seed) { active = this; }
Faults::~Faults() { active = nullptr; }

Faults::Kind Faults::choose(bool) noexcept {
  switch (random_() % 8) {
    case 0:
    case 1:
      return Kind::cut;
    case 2:
      return Kind::interrupt;
    case 3:
      return Kind::refuse;
    default:
      return Kind::none;
  }
}

std::size_t Faults::shorten(std::size_t count) noexcept {
  if (count <= 1) return count;
  // Single bytes often enough, but not so often that megabytes take for ever.
  const std::size_t most = random_() % 4 == 0 ? std::min<std::size_t>(count - 1, 16) : count - 1;
  return 1 + random_() % most;
}

void Faults::count(bool read, Kind kind) noexcept {
  Counts& counts = read ? reads_ : writes_;
  switch (kind) {
    case Kind::none:
      ++counts.passed;
      break;
    case Kind::cut:
      ++counts.cut;
      break;
    case Kind::interrupt:
      ++counts.interrupted;
      break;
    case Kind::refuse:
      ++counts.refused;
      break;
  }
}

}  // namespace test

extern "C" {

ssize_t recv(int fd, void* bytes, size_t count, int flags) {
  if (test::fails_next(test::Call::recv, fd)) return -1;
  const test::Faults::Kind kind = test::fault_for(fd, true);
  if (test::fails(kind)) return -1;
  if (kind == test::Faults::Kind::cut) count = test::active->shorten(count);
  return ::syscall(SYS_recvfrom, fd, bytes, count, flags, nullptr, nullptr);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (test::fails_next(test::Call::recv, fd)) return -1;
  const test::Faults::Kind kind = test::fault_for(fd, true);
  if (test::fails(kind)) return -1;
  if (kind == test::Faults::Kind::cut && message->msg_iovlen == 1)
    message->msg_iov->iov_len = test::active->shorten(message->msg_iov->iov_len);
  return ::syscall(SYS_recvmsg, fd, message, flags);
}

ssize_t send(int fd, const void* bytes, size_t count, int flags) {
  if (test::fails_next(test::Call::send, fd)) return -1;
  const test::Faults::Kind kind = test::fault_for(fd, false);
  if (test::fails(kind)) return -1;
  if (kind == test::Faults::Kind::cut) count = test::active->shorten(count);
  return ::syscall(SYS_sendto, fd, bytes, count, flags, nullptr, 0);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (test::fails_next(test::Call::sendmsg, fd)) return -1;
  const test::Faults::Kind kind = test::fault_for(fd, false);
  if (test::fails(kind)) return -1;
  std::array<iovec, 64> parts;
  msghdr shortened = *message;
  if (kind == test::Faults::Kind::cut) {
    shortened.msg_iovlen = std::min<std::size_t>(message->msg_iovlen, parts.size());
    std::copy_n(message->msg_iov, shortened.msg_iovlen, parts.begin());
    shortened.msg_iov = parts.data();
    std::size_t total = 0;
    for (std::size_t part = 0; part < shortened.msg_iovlen; ++part) total += parts[part].iov_len;
    std::size_t left = test::active->shorten(total);
    for (std::size_t part = 0; part < shortened.msg_iovlen; ++part) {
      parts[part].iov_len = std::min(parts[part].iov_len, left);
      left -= parts[part].iov_len;
    }
  }
  return ::syscall(SYS_sendmsg, fd, &shortened, flags);
}

}  // extern "C"
