// The system calls that start a child process in this one's memory, and those that see its end. As in system.hpp, EINTR
// never surfaces, and a failed call returns -errno.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reactord::system {

// The steps of a child before its program runs, in this order.
enum class ChildStep : std::uint8_t {
  none,         // it has failed at nothing: the program runs
  table,        // close_range(2): a table of descriptors of its own
  group,        // setpgid(2)
  descriptors,  // fcntl(2) and dup3(2) to 0, 1 and 2
  limit,        // prlimit(2): the soft limit on descriptors
  groups,       // setgroups(2)
  group_id,     // setresgid(2)
  user_id,      // setresuid(2)
  death,        // prctl(2): killed when the thread that started it ends
  directory,    // chdir(2)
  program,      // execve(2)
};

// All that the child needs, in memory of the caller. The caller's strings outlive the call.
struct ChildPlan {
  const char* path = nullptr;
  char* const* words = nullptr;  // with a null at the end, as the next
  char* const* environment = nullptr;
  const char* directory = nullptr;  // null: it stays
  bool changes_user = false;        // the next four count
  uid_t user = 0;
  gid_t group = 0;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  int descriptors[3] = {0, 1, 2};  // what becomes 0, 1 and 2
  rlimit64 limit{};                // of descriptors

  // Written by the child.
  ChildStep failed = ChildStep::none;
  int failure = 0;               // its errno
  std::size_t failed_index = 0;  // of `descriptors`, if these have failed
};

// A stack for one child at a time, with a page below it that nobody may touch.
class ChildStack {
 public:
  static constexpr std::size_t size = std::size_t{64} * 1024;

  ChildStack() noexcept;  // mmap(2)
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  ~ChildStack();

  int error() const noexcept { return error_; }  // an errno; 0: it is there
  char* top() const noexcept { return bottom_ + guard_ + size; }

 private:
  std::size_t guard_;
  char* bottom_ = nullptr;
  int error_ = 0;
};

// clone(2) with CLONE_VM, CLONE_VFORK, CLONE_FILES and CLONE_PIDFD: the child runs in this process's memory, on `stack`, until
// its program runs or it has failed. This thread waits for that, with all signals blocked. Of our descriptors the child
// keeps those up to the largest of its three, so the lower they are, the quicker it is. Result: the child, which has failed
// if the plan says so; or -errno of mmap(2) or clone(2), and there is none. `pidfd` becomes its descriptor.
pid_t start_child(ChildPlan& plan, const ChildStack& stack, int& pidfd) noexcept;

// Makes every descriptor from 3 on close-on-exec, for a program that was given some by the one that started it: close_range(2)
// with CLOSE_RANGE_CLOEXEC.
int close_all_on_exec() noexcept;

int reap_child(int pidfd, siginfo_t& ended) noexcept;  // waitid(2), until it ends
int reap_child_now(int pidfd,
                   siginfo_t& ended) noexcept;        // waitid(2) with WNOHANG; si_pid is 0 while it runs
int signal_group(pid_t leader, int number) noexcept;  // kill(2)
// poll(2): true once `fd` is readable, false when the time has passed.
bool wait_until_readable(int fd, std::chrono::milliseconds time) noexcept;
// Sets SIGCHLD to its default if it is ignored, because the kernel would reap children by itself: sigaction(2).
void keep_children_reapable() noexcept;

}  // namespace reactord::system
