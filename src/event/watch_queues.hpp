// WatchQueues: the watches that are served out of the order of their events.
//
//     next turn   used up a budget of this turn: behind what is ready in the next one
//     last        listeners that are ready: behind all connections of the turn
//     flush       written to: one send each at the end of the turn, flushes_per_turn of them
//     own flush   the same for watches without a descriptor, which send nothing: all of them, behind the sends
//     starved     wait until the Reactor has closed a descriptor
//
// Room for a watch is made in each queue when it is added, so that no other function allocates. The first and the third
// name it once at most, and its flag says so: it is not deleted before they have served it. The last forgets it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "reactord/watch.hpp"

namespace reactord {

class WatchQueues {
 public:
  // A send to a peer that waits for it takes up to 10 us, and thousands may be written to at once: a worker has ended, or a
  // message goes to all. Others have their turns between them.
  static constexpr std::size_t flushes_per_turn = 64;

  // Makes room for that many watches. Throws bad_alloc; what is queued stays.
  void make_room(std::size_t watches);

  // Each adds `watch`, which must not be retired, unless it is queued there already.
  void serve_next_turn(Watch& watch);
  void serve_last(Watch& watch, Readiness readiness);  // twice if it is ready twice
  void flush(Watch& watch);
  void serve_when_descriptor_free(Watch& watch);

  // True when something is left for another turn.
  bool has_flush() const noexcept { return !flush_.empty(); }
  bool are_empty() const noexcept { return next_turn_.empty() && flush_.empty() && own_flush_.empty(); }

  // Empties a queue, and calls `serve(Watch&)`, or `serve(Watch&, Readiness)`, for each that was in it. It goes by
  // index: a call may add a watch, which makes room and so moves the queues.
  template <typename Serve>
  void take_next_turn(Serve serve) {
    serving_.swap(next_turn_);
    for (std::size_t index = 0; index < serving_.size(); ++index) {
      Watch& watch = *serving_[index];
      watch.next_turn_queued_ = false;
      serve(watch);
    }
    serving_.clear();
  }
  template <typename Serve>
  void take_last(Serve serve) {
    for (std::size_t index = 0; index < last_.size(); ++index) {
      const auto [watch, readiness] = last_[index];
      serve(*watch, readiness);
    }
    last_.clear();
  }
  // A snapshot: what a call queues waits for the next turn. `all`: there may be no next turn.
  template <typename Serve>
  void take_flush(bool all, Serve serve) {
    take_oldest(flush_, all ? flush_.size() : std::min(flush_.size(), flushes_per_turn), serve);
    take_oldest(own_flush_, own_flush_.size(), serve);
  }

  // A descriptor is free: those that wait for one are served in the next turn.
  void descriptor_is_free();
  bool are_starved() const noexcept { return !starved_.empty(); }

  // Whether a queue will still serve `watch`; it is then not to be deleted.
  static bool names(const Watch& watch) noexcept { return watch.next_turn_queued_ || watch.flush_queued_; }
  void forget(Watch& watch) noexcept { std::erase(starved_, &watch); }  // which no queue names otherwise

 private:
  struct ReadyListener {
    Watch* watch;
    Readiness readiness;
  };
  template <typename Serve>
  static void take_oldest(std::vector<Watch*>& queue, std::size_t count, Serve serve) {
    for (std::size_t index = 0; index < count; ++index) {
      Watch& watch = *queue[index];
      watch.flush_queued_ = false;
      serve(watch);
    }
    queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
  }

  std::vector<Watch*> next_turn_, serving_;
  std::vector<ReadyListener> last_;
  std::vector<Watch*> flush_, own_flush_;
  std::vector<Watch*> starved_;
};

}  // namespace reactord
