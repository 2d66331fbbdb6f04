#include "base/system_child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/system.hpp"
#include "base/system_process.hpp"

// The child runs in the memory of its parent, beside other threads of it, perhaps. So its code makes system calls and
// nothing else: it takes no lock, allocates nothing, and no sanitizer records what it does on a stack that it does not know.
#define IN_CHILD __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))

namespace reactord::system {
namespace {

constexpr int first_other = STDERR_FILENO + 1;
constexpr std::size_t kernel_mask_size = _NSIG / 8;

#ifdef SYS_setresuid32  // where the other calls take 16 bits
constexpr long set_user_ids = SYS_setresuid32, set_group_ids = SYS_setresgid32, set_groups = SYS_setgroups32;
#else
constexpr long set_user_ids = SYS_setresuid, set_group_ids = SYS_setresgid, set_groups = SYS_setgroups;
#endif

// A process that changes its user can't be inspected by others of that user until its next program: prctl(2),
// PR_SET_DUMPABLE. That is a state of the memory, which is ours too: we would dump no core any more.
class KeptDumpable {
 public:
  explicit KeptDumpable(bool is_at_risk) noexcept : before_(is_at_risk ? ::prctl(PR_GET_DUMPABLE) : 0) {}
  KeptDumpable(const KeptDumpable&) = delete;
  KeptDumpable& operator=(const KeptDumpable&) = delete;
  ~KeptDumpable() {
    if (before_ == 1) ::prctl(PR_SET_DUMPABLE, 1);
  }

 private:
  int before_;
};

struct Child {
  ChildPlan& plan;
  pid_t parent;
};

// Ends the child: the plan says why.
[[noreturn]] IN_CHILD void fail(ChildPlan& plan, ChildStep step, int number) noexcept {
  plan.failure = number;
  plan.failed = step;
  constexpr int cannot_run = 127;  // as of a shell; nobody sees it
  while (true) ::syscall(SYS_exit_group, cannot_run);
}

IN_CHILD void require(ChildPlan& plan, ChildStep step, long result) noexcept {
  if (result < 0) fail(plan, step, errno);
}

// No handler of the parent's may run here once the mask is empty.
IN_CHILD void reset_signals() noexcept {
  alignas(16) const char default_action[64] = {};  // the kernel's sigaction, all zero: SIG_DFL
  for (int number = 1; number < _NSIG; ++number)
    ::syscall(SYS_rt_sigaction, number, default_action, nullptr, kernel_mask_size);
  const unsigned char none[kernel_mask_size] = {};
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, nullptr, kernel_mask_size);
}

// Until then the child has our table of descriptors, not a copy: it would take a reference to each of ten thousand files. The
// kernel copies what is left, which is little if the three have low numbers.
IN_CHILD void leave_our_descriptors(ChildPlan& plan) noexcept {
  unsigned kept = first_other;
  for (const int fd : plan.descriptors)
    if (fd >= static_cast<int>(kept)) kept = static_cast<unsigned>(fd) + 1;
  require(plan, ChildStep::table, ::syscall(SYS_close_range, kept, ~0U, CLOSE_RANGE_UNSHARE));
}

// The parent goes on before execve(2) closes what is close-on-exec. A file that it closes then would stay open here, and its
// epoll would go on reporting it: for an object that is gone.
IN_CHILD void close_others(ChildPlan& plan) noexcept {
  require(plan, ChildStep::table, ::syscall(SYS_close_range, first_other, ~0U, 0));
}

// Descriptors below 3 go up first: another would take their place before their turn.
IN_CHILD void place_descriptors(ChildPlan& plan) noexcept {
  for (std::size_t index = 0; index < 3; ++index) {
    if (plan.descriptors[index] >= first_other) continue;
    plan.failed_index = index;
    const long moved = ::syscall(SYS_fcntl, plan.descriptors[index], F_DUPFD_CLOEXEC, first_other);
    require(plan, ChildStep::descriptors, moved);
    plan.descriptors[index] = static_cast<int>(moved);
  }
  for (std::size_t index = 0; index < 3; ++index) {
    plan.failed_index = index;
    require(plan, ChildStep::descriptors, ::syscall(SYS_dup3, plan.descriptors[index], index, 0));
  }
}

IN_CHILD void change_user(ChildPlan& plan) noexcept {
  require(plan, ChildStep::groups, ::syscall(set_groups, plan.group_count, plan.groups));
  require(plan, ChildStep::group_id, ::syscall(set_group_ids, plan.group, plan.group, plan.group));
  require(plan, ChildStep::user_id, ::syscall(set_user_ids, plan.user, plan.user, plan.user));
}

// After the change of the user, which the kernel forgets the signal at. A parent that has ended before sends none.
IN_CHILD void die_with(pid_t parent, ChildPlan& plan) noexcept {
  require(plan, ChildStep::death, ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  if (::syscall(SYS_getppid) != parent) fail(plan, ChildStep::death, ESRCH);
}

IN_CHILD int run_child(void* argument) noexcept {
  const Child& child = *static_cast<Child*>(argument);
  ChildPlan& plan = child.plan;
  leave_our_descriptors(plan);
  require(plan, ChildStep::group, ::syscall(SYS_setpgid, 0, 0));
  place_descriptors(plan);
  close_others(plan);
  require(plan, ChildStep::limit, ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &plan.limit, nullptr));
  if (plan.changes_user) change_user(plan);
  die_with(child.parent, plan);
  if (plan.directory != nullptr) require(plan, ChildStep::directory, ::syscall(SYS_chdir, plan.directory));
  reset_signals();
  ::syscall(SYS_execve, plan.path, plan.words, plan.environment);
  fail(plan, ChildStep::program, errno);
}

}  // namespace

ChildStack::ChildStack() noexcept : guard_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE;
  void* const mapped = ::mmap(nullptr, guard_ + size, PROT_NONE, flags, -1, 0);
  error_ = mapped == MAP_FAILED ? errno : 0;
  if (error_ != 0) return;
  bottom_ = static_cast<char*>(mapped);
  if (::mprotect(bottom_ + guard_, size, PROT_READ | PROT_WRITE) != 0) error_ = errno;
}
ChildStack::~ChildStack() {
  if (bottom_ != nullptr) ::munmap(bottom_, guard_ + size);
}

pid_t start_child(ChildPlan& plan, const ChildStack& stack, int& pidfd) noexcept {
  if (stack.error() != 0) return -stack.error();
  const KeptDumpable dumpable(plan.changes_user);
  Child child{.plan = plan, .parent = ::getpid()};
  const SignalsBlocked blocked;
  pidfd = -1;
  constexpr int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD | SIGCHLD;
  const pid_t pid = ::clone(run_child, stack.top(), flags, &child, &pidfd);
  const int saved = errno;
  return pid < 0 ? -saved : pid;
}

int close_all_on_exec() noexcept {
  constexpr unsigned last = ~0U;
  return static_cast<int>(
      uninterrupted([] { return ::close_range(first_other, last, CLOSE_RANGE_CLOEXEC); }));
}

int reap_child(int pidfd, siginfo_t& ended) noexcept {
  ended = {};
  return uninterrupted([&] { return ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &ended, WEXITED); });
}

int reap_child_now(int pidfd, siginfo_t& ended) noexcept {
  ended = {};
  return uninterrupted(
      [&] { return ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &ended, WEXITED | WNOHANG); });
}

int signal_group(pid_t leader, int number) noexcept {
  return uninterrupted([&] { return ::kill(-leader, number); });
}

bool wait_until_readable(int fd, std::chrono::milliseconds time) noexcept {
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  return uninterrupted([&] { return ::poll(&polled, 1, static_cast<int>(time.count())); }) > 0;
}

void keep_children_reapable() noexcept {
  struct sigaction action {};
  if (::sigaction(SIGCHLD, nullptr, &action) != 0 || action.sa_handler != SIG_IGN) return;
  action = {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &action, nullptr);
}

}  // namespace reactord::system
