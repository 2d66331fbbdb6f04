// system_process: the system calls on the process as a whole: its signals, its limits, its children.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <initializer_list>
#include <optional>

namespace reactord::system {

void block_signal(int number) noexcept;  // in this thread, and in its children
// sigtimedwait(2); the signals stay blocked afterwards. Result: the signal, or 0 when none came in time.
int wait_for_signal(std::initializer_list<int> numbers, std::chrono::nanoseconds time) noexcept;
void block_signals() noexcept;  // all signals, in this thread: pthread_sigmask(3)
// While it lives, this thread blocks all signals, and so do the threads that it starts, from their first moment on.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept;
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked();

 private:
  sigset_t before_;
};
// Opens /dev/null for each closed descriptor from 0 to 2. The next open(2) would else get its number, and a client
// could receive the text for standard error. When there is no /dev/null, each becomes a descriptor that can't be read
// or written.
void hold_standard_descriptors() noexcept;

// O_NONBLOCK of open(2), for all that share the open file of `fd`. A closed descriptor counts as nonblocking.
bool is_blocking(int fd) noexcept;
void make_blocking(int fd) noexcept;

// Raises the soft limit on descriptors to the hard one, which the operator granted. The soft limit exists for
// select(2). getrlimit(2), setrlimit(2). Result: the limit in force.
long raise_descriptor_limit() noexcept;
// The limit on descriptors for a child: the soft one as it was before it was raised, at most the hard one. In a child that
// counts on select(2), more would write beyond an fd_set.
rlimit64 descriptor_limit_of_children() noexcept;

// The memory that this process may still allocate, of address space (RLIMIT_AS) and of data (RLIMIT_DATA), both of
// getrlimit(2), less its use by /proc/self/statm. Empty: no limit.
std::optional<std::size_t> address_space_left() noexcept;
std::optional<std::size_t> data_left() noexcept;

// The resident bytes of this process by /proc/self/statm. 0 when there is no /proc.
std::size_t resident_memory() noexcept;

// fork(2): 0 in the child. The child has this thread alone: only for a program without other threads.
pid_t fork() noexcept;
void wait_for_child(pid_t child) noexcept;           // waitpid(2), until the child ends
std::chrono::nanoseconds processor_time() noexcept;  // the CPU time used by this process: clock_gettime(2)

}  // namespace reactord::system
