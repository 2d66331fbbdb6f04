#include "event/child_process.hpp"

#include <cassert>
#include <csignal>
#include <optional>
#include <utility>

#include "base/system_child.hpp"
#include "reactord/reactor.hpp"

namespace reactord {
namespace {

// The others of the group are killed while the leader is not yet reaped: until then nobody else can have its number.
ChildStatus end_group(pid_t leader, int pidfd) noexcept {
  system::signal_group(leader, SIGKILL);
  siginfo_t ended;
  return system::reap_child_now(pidfd, ended) < 0 || ended.si_pid == 0 ? ChildStatus() : ChildStatus(ended);
}

// The same for a leader that still runs, or may.
ChildStatus kill_group(pid_t leader, int pidfd) noexcept {
  constexpr std::chrono::milliseconds most =
      std::chrono::duration_cast<std::chrono::milliseconds>(ChildProcess::longest_wait);
  system::signal_group(leader, SIGKILL);
  system::wait_until_readable(pidfd, most);
  return end_group(leader, pidfd);
}

}  // namespace

// The program that runs, as the loop sees it: its pidfd is readable once the leader has ended. Its timer is the grace of
// end().
class ChildWatch final : public Watch {
 public:
  ChildWatch(Reactor& on, Launched launched) noexcept
      : Watch(on, launched.pidfd.release()), pid_(launched.pid) {}

  pid_t pid() const noexcept { return pid_; }
  bool has_ended() const noexcept { return status_.has_value(); }
  ChildStatus status() const noexcept { return status_.value_or(ChildStatus()); }
  WaitQueue& waiting() noexcept { return waiting_; }

  void set_listener(ChildListener* listener) noexcept { listener_ = listener; }

  void signal_group(int number) noexcept {
    if (!has_ended()) system::signal_group(pid_, number);
  }

  void end(Duration grace) noexcept {
    if (has_ended()) return;
    if (grace <= 0s) return signal_group(SIGKILL);
    signal_group(SIGTERM);
    signal_group(SIGCONT);  // a program that is stopped would not hear of it
    const Time killed_at = reactor().now() + grace;
    if (!is_armed() || tick_at_or_after(killed_at) < expiry()) reactor().arm(*this, killed_at);
  }

  // For one that could not be added to the Reactor.
  void end_at_once() noexcept { finish(kill_group(pid_, fd())); }

 private:
  void on_ready(Readiness readiness) override {
    if ((readiness & readiness::readable) == 0 || has_ended()) return;
    finish(end_group(pid_, fd()));
    reactor().retire(*this);
    tell();
  }

  void on_timer() override { signal_group(SIGKILL); }

  void on_release() override {
    is_let_go_ = true;
    listener_ = nullptr;
    waiting_.fail_all(ErrorCode::closed);
    reactor().work_began();
    signal_group(SIGKILL);
  }

  void on_shutdown() override {
    end_at_once();
    reactor().retire(*this);
    tell();
  }

  void finish(ChildStatus status) noexcept {
    status_ = status;
    if (is_armed()) reactor().timers().cancel(*this);
    if (is_let_go_) reactor().work_ended();
  }

  // Last: the listener may let go of this.
  void tell() {
    while (WaitOperation* const first = waiting_.first()) {
      static_cast<ChildEndOperation*>(first)->status_ = status();
      waiting_.succeed(*first);
    }
    if (ChildListener* const told = std::exchange(listener_, nullptr)) told->on_child_ended(status());
  }

  const pid_t pid_;
  std::optional<ChildStatus> status_;  // once it has ended
  bool is_let_go_ = false;             // its ChildProcess has gone while it ran
  ChildListener* listener_ = nullptr;
  WaitQueue waiting_;  // ChildEndOperations
};

Result<ChildProcess> ChildProcess::start(Reactor& reactor, const Launch& launch) {
  auto launched = reactord::launch(launch);
  if (!launched) return std::unexpected(std::move(launched).error());
  ChildProcess child(new ChildWatch(reactor, *std::move(launched)));
  auto added = reactor.add(*child.watch_);
  if (added) return child;
  child.watch_->end_at_once();
  return std::unexpected(std::move(added).error());
}

ChildProcess::ChildProcess(ChildWatch* watch) noexcept : watch_(watch) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;
ChildProcess& ChildProcess::operator=(ChildProcess&&) noexcept = default;
ChildProcess::~ChildProcess() = default;

pid_t ChildProcess::pid() const noexcept { return watch_->pid(); }
bool ChildProcess::has_ended() const noexcept { return watch_->has_ended(); }
ChildStatus ChildProcess::status() const noexcept { return watch_->status(); }

void ChildProcess::set_listener(ChildListener* listener) noexcept {
  assert(!has_ended() && "nobody would be told");
  watch_->set_listener(listener);
}

ChildEndOperation ChildProcess::ended(WaitLimit limit) & noexcept { return {*watch_, limit}; }
void ChildProcess::signal_group(int number) noexcept { watch_->signal_group(number); }
void ChildProcess::end(Duration grace) noexcept { watch_->end(grace); }

ChildEndOperation::ChildEndOperation(ChildWatch& child, WaitLimit limit) noexcept
    : WaitForEndOperation(child.reactor(), limit), child_(child) {}

bool ChildEndOperation::await_ready() noexcept {
  if (fails_at_once()) return true;
  status_ = child_.status();
  return child_.has_ended();
}

void ChildEndOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  wait_in(child_.waiting(), waiter);
}

Result<ChildStatus> ChildEndOperation::await_resume() const {
  if (failure()) return std::unexpected(error());
  return status_;
}

}  // namespace reactord
