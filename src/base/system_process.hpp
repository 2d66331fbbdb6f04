// system_process: the system calls that concern the process as a whole: its signals, its limits, its children.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>

namespace reactord::system {

void block_signal(int number) noexcept;  // in this thread, and in what it forks
// sigtimedwait(2), with them blocked from here on. Result: the signal, or 0: none came in time.
int wait_for_signal(std::initializer_list<int> numbers, std::chrono::nanoseconds time) noexcept;
void block_signals() noexcept;  // all of them, in this thread: pthread_sigmask(3)
// /dev/null in the place of those of the descriptors 0 to 2 that are closed: the next open(2) would get their number, and
// what is meant for standard error would go to a client.
// Where there is no /dev/null, each becomes one that neither reads nor writes.
void hold_standard_descriptors() noexcept;

// O_NONBLOCK of open(2): of all who share what `fd` refers to. A descriptor that is closed blocks nobody.
bool is_blocking(int fd) noexcept;
void make_blocking(int fd) noexcept;

// Raises the soft limit on descriptors to the hard one, which is what the operator granted; the soft one is there for
// select(2). getrlimit(2), setrlimit(2). Result: the limit in force.
long raise_descriptor_limit() noexcept;

// The memory that this process may take yet, of address space (RLIMIT_AS) and of data (RLIMIT_DATA), both of getrlimit(2), by what
// /proc/self/statm says it has; nothing: no limit.
std::optional<std::size_t> address_space_left() noexcept;
std::optional<std::size_t> data_left() noexcept;

std::size_t
resident_memory() noexcept;  // bytes that this process has in memory, by /proc/self/statm; 0: no /proc

// fork(2): 0 in the child. Threads do not come along: for a program that has none yet.
pid_t fork() noexcept;
void wait_for_child(pid_t child) noexcept;           // waitpid(2), to its end
std::chrono::nanoseconds processor_time() noexcept;  // that this process has used: clock_gettime(2)

}  // namespace reactord::system
