#include "event/loop_wait.hpp"

#include <cassert>
#include <utility>

#include "base/system.hpp"
#include "reactord/reactor_observer.hpp"

namespace reactord {

LoopWait::LoopWait(Reactor& reactor, bool is_virtual)
    : wakeup_(new Wakeup(reactor)), alarm_(is_virtual ? nullptr : new Alarm(reactor)) {}

void LoopWait::begin(Reactor& reactor) {
  assert(!refusal_ && !wakeup_->is_added());
  if (auto added = add_own(reactor); !added) refusal_ = std::move(added).error();
}

Result<void> LoopWait::add_own(Reactor& reactor) {
  if (poller_.error() != 0) return std::unexpected(Error::from_errno(poller_.error(), "epoll_create1"));
  if (wakeup_->error() != 0) return std::unexpected(Error::from_errno(wakeup_->error(), "eventfd"));
  if (auto added = reactor.add(*wakeup_); !added) return added;
  if (alarm_ == nullptr || alarm_->fd() < 0) return {};
  return reactor.add(*alarm_);
}

void LoopWait::end() noexcept {
  wakeup_->release();
  if (alarm_ != nullptr) alarm_->release();
}

Result<void> LoopWait::add(Watch& watch) {
  if (watch.fd() < 0) return {};
  if (refusal_) return std::unexpected(*refusal_);
  const int result = poller_.add(watch.fd(), watch);
  if (result < 0) return std::unexpected(Error::from_errno(-result, "epoll_ctl"));
  return {};
}

void LoopWait::skip_to(Time next, Time now, Clock& clock) noexcept {
  if (next > now && !next.is_never()) clock.skip(next - now);
}

bool LoopWait::survives(int failure, std::uint64_t turn, ReactorObserver* observer, Clock& clock) {
  const std::optional<Duration> pause = failures_.pause_after(turn);
  if (!pause) return false;
  if (observer != nullptr) observer->on_wait_failed(Error::from_errno(failure, "epoll_wait"));
  if (!clock.skip(*pause)) system::sleep(*pause);  // nothing else can be done
  return true;
}

std::size_t LoopWait::own_descriptors() const noexcept {
  std::size_t count = 0;
  for (const Watch* const own : {static_cast<Watch*>(wakeup_), static_cast<Watch*>(alarm_)}) {
    if (own != nullptr && own->is_added() && own->fd() >= 0) ++count;
  }
  return count;
}

}  // namespace reactord
