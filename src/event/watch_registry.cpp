#include "event/watch_registry.hpp"

#include <cassert>
#include <utility>

#include "base/system.hpp"

namespace reactord {

void WatchRegistry::add(Watch& watch) noexcept {
  assert(!watch.added_);
  watch.added_ = true;
  open_.push_front(watch);
  ++size_;
  if (watch.fd_ >= 0) ++open_descriptors_;
}

void WatchRegistry::retire(Watch& watch) noexcept {
  assert(watch.added_ && !watch.is_retired());
  watch.out_of_order_ |= Watch::retired;
  List<Watch>::remove(watch);
  retired_.push_front(watch);
}

void WatchRegistry::close(Watch& watch, Poller& poller) noexcept {
  if (watch.held_elsewhere_) poller.remove(watch.fd_);
  system::close(std::exchange(watch.fd_, -1));
  --open_descriptors_;
}

// A deleted watch may retire others, which come in front, for the next turn.
WatchRegistry::Reaped WatchRegistry::reap(Poller& poller, WatchQueues& queues) noexcept {
  Reaped reaped;
  for (Watch* watch = retired_.first(); watch != nullptr;) {
    Watch& dead = *watch;
    watch = retired_.next(dead);
    if (dead.fd_ >= 0) {
      close(dead, poller);
      reaped.descriptor_closed = true;
    }
    if (dead.referred_ || WatchQueues::names(dead)) {
      dead.referred_ = false;
      reaped.some_left = true;
      continue;
    }
    List<Watch>::remove(dead);
    queues.forget(dead);
    dead.reaped_ = true;
    --size_;
    if (dead.released_) delete &dead;
  }
  return reaped;
}

void WatchRegistry::shut_down() noexcept {
  for (Watch* watch = open_.first(); watch != nullptr;) {
    Watch* const next = open_.next(*watch);
    watch->on_shutdown();
    watch = next;
  }
}

}  // namespace reactord
