#include "base/system_process.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <ctime>
#include <limits>

#include "base/system.hpp"

namespace reactord::system {

void block_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

SignalsBlocked::SignalsBlocked() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before_);
}
SignalsBlocked::~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void hold_standard_descriptors() noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    int null = uninterrupted([] { return ::open("/dev/null", O_RDWR | O_NOCTTY); });
    if (null < 0) null = uninterrupted([] { return ::open("/", O_PATH); });
    if (null >= 0 && null != fd) close(null);  // never true: open(2) returns the lowest free number
  }
}

bool is_blocking(int fd) noexcept {
  const int flags = uninterrupted([&] { return ::fcntl(fd, F_GETFL); });
  return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

void make_blocking(int fd) noexcept {
  const int flags = uninterrupted([&] { return ::fcntl(fd, F_GETFL); });
  if (flags >= 0) uninterrupted([&] { return ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK); });
}

void block_signal(int number) noexcept {
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, number);
  ::pthread_sigmask(SIG_BLOCK, &one, nullptr);
}

int wait_for_signal(std::initializer_list<int> numbers, std::chrono::nanoseconds time) noexcept {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int number : numbers) ::sigaddset(&wanted, number);
  ::pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
  constexpr std::int64_t second = 1'000'000'000;
  const timespec longest{.tv_sec = time.count() / second, .tv_nsec = time.count() % second};
  // EINTR: another signal came, and the wait is over too.
  const int number = ::sigtimedwait(&wanted, nullptr, &longest);
  return number < 0 ? 0 : number;
}

namespace {

// As this process was started with; infinity: never raised.
std::atomic<rlim_t> soft_limit_before = RLIM_INFINITY;

}  // namespace

long raise_descriptor_limit() noexcept {
  rlimit limit{};
  const int result = uninterrupted([&] { return ::getrlimit(RLIMIT_NOFILE, &limit); });
  if (result < 0) return result;
  const rlim_t granted = limit.rlim_cur;
  rlim_t never_raised = RLIM_INFINITY;
  soft_limit_before.compare_exchange_strong(never_raised, granted);
  limit.rlim_cur = limit.rlim_max;
  // Refused when the hard limit is above fs.nr_open; then the soft limit stays.
  const int raised = uninterrupted([&] { return ::setrlimit(RLIMIT_NOFILE, &limit); });
  constexpr rlim_t most = std::numeric_limits<long>::max();
  return static_cast<long>(std::min(raised < 0 ? granted : limit.rlim_max, most));
}

rlimit64 descriptor_limit_of_children() noexcept {
  rlimit limit{};
  uninterrupted([&] { return ::getrlimit(RLIMIT_NOFILE, &limit); });
  const rlim_t before = soft_limit_before.load();
  const rlim_t soft = before == RLIM_INFINITY ? limit.rlim_cur : std::min(before, limit.rlim_max);
  return {.rlim_cur = soft, .rlim_max = limit.rlim_max};
}

namespace {

// Field `field`, counted from 0, of /proc/self/statm, in bytes; 0 when it can't be read.
std::size_t memory_used(int field) noexcept {
  char text[128];
  const int fd = uninterrupted([] { return ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC); });
  if (fd < 0) return 0;
  const ssize_t count = read(fd, text, sizeof text);
  close(fd);
  const char* at = text;
  const char* const end = text + std::max<ssize_t>(count, 0);
  for (; field > 0 && at < end; ++at) field -= *at == ' ';
  std::size_t pages = 0;
  std::from_chars(at, end, pages);
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::size_t> memory_left(int resource, int statm_field) noexcept {
  rlimit limit{};
  const int result =
      uninterrupted([&] { return ::getrlimit(static_cast<__rlimit_resource>(resource), &limit); });
  if (result < 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const std::size_t used = memory_used(statm_field);
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

}  // namespace

std::optional<std::size_t> address_space_left() noexcept { return memory_left(RLIMIT_AS, 0); }
std::optional<std::size_t> data_left() noexcept { return memory_left(RLIMIT_DATA, 5); }
std::size_t resident_memory() noexcept { return memory_used(1); }

pid_t fork() noexcept {
  return uninterrupted([] { return ::fork(); });
}

void wait_for_child(pid_t child) noexcept {
  uninterrupted([&] { return ::waitpid(child, nullptr, 0); });
}

std::chrono::nanoseconds processor_time() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);  // can't fail for the process itself
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace reactord::system
