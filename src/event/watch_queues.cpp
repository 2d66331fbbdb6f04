#include "event/watch_queues.hpp"

#include <cassert>

namespace reactord {

void WatchQueues::make_room(std::size_t watches) {
  const auto reserve = [](auto& queue, std::size_t names) {
    if (queue.capacity() < names) queue.reserve(std::max(names, 2 * queue.capacity()));
  };
  for (auto* queue : {&next_turn_, &serving_, &starved_}) reserve(*queue, watches);
  for (auto* queue : {&flush_, &own_flush_})
    reserve(*queue, 2 * watches);  // a watch may be queued again before the flush ends
  reserve(last_, 2 * watches);
}

void WatchQueues::serve_next_turn(Watch& watch) {
  assert(!watch.is_retired());
  if (watch.next_turn_queued_) return;
  watch.next_turn_queued_ = true;
  next_turn_.push_back(&watch);
}

void WatchQueues::serve_last(Watch& watch, Readiness readiness) {
  assert(!watch.is_retired());
  last_.push_back({&watch, readiness});
}

void WatchQueues::flush(Watch& watch) {
  assert(!watch.is_retired());
  if (watch.flush_queued_) return;
  watch.flush_queued_ = true;
  (watch.fd() < 0 ? own_flush_ : flush_).push_back(&watch);
}

void WatchQueues::serve_when_descriptor_free(Watch& watch) {
  assert(!watch.is_retired());
  if (std::ranges::find(starved_, &watch) == starved_.end()) starved_.push_back(&watch);
}

void WatchQueues::descriptor_is_free() {
  for (Watch* const watch : starved_) {
    if (!watch->is_retired()) serve_next_turn(*watch);
  }
  starved_.clear();
}

}  // namespace reactord
