// FailNext: the next system call of one kind fails, with an errno of the test's choice.
//
//     FailNext fail(Call::accept, EMFILE);
//     ...
//     CHECK(fail.happened());
//
//     library ---- accept4(2) ----> fail_next.cpp (of recv and send: faults.cpp) ---- syscall(2) ----> kernel
//
// The calls are those of this program, found before those of the C library and of the sanitizer, so what is tested is
// what is shipped. Only calls of the thread that made it fail. recvmsg counts as recv. Of recv, send and sendmsg only those
// fail that are for a descriptor which a Reactor watches: a test's own peers are left alone. EAGAIN comes with what it
// stands for: the descriptor is announced anew (epoll(7), edges).
#pragma once

#include <cstddef>
#include <cstdint>

namespace test {

enum class Call : std::uint8_t {
  accept,
  recv,
  send,
  sendmsg,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  eventfd,
  signalfd,
  timerfd_create,
  timerfd_settime,
  socket,
  bind,
  listen,
  connect,
  setsockopt,
  getsockname,
  shutdown,
  fcntl,
};
inline constexpr std::size_t calls = 19;

class FailNext {
 public:
  FailNext(Call call, int number, unsigned times = 1);  // one at a time of each kind
  FailNext(const FailNext&) = delete;
  FailNext& operator=(const FailNext&) = delete;
  ~FailNext();  // what has not happened won't

  bool happened() const noexcept { return left_ == 0; }  // as often as was asked
  unsigned left() const noexcept { return left_; }

 private:
  friend bool fails_next(Call call, int fd);
  Call call_;
  int errno_;
  unsigned left_;
};

// For the calls themselves: true if this one fails, and errno says how.
bool fails_next(Call call, int fd = -1);

// A Reactor watches it.
bool is_watched(int fd);
// Edges are told again, as if all of it had come now. False where nobody watches it.
bool announce_anew(int fd);

}  // namespace test
