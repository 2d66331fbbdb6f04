// WatchRegistry: the watches that a Reactor owns, each from Reactor::add() until it has been reaped.
//
//     open_       [Watch] -> [Watch] -> [Watch] -> null
//        |
//     retire()    no event is served any more
//        v
//     retired_    [Watch] -> null
//        |
//     reap()      its descriptor is closed; it is deleted, if its owner has let go of it
//
// One that a queue still names stays retired for another turn.
#pragma once

#include <cstddef>

#include "event/poller.hpp"
#include "event/watch_queues.hpp"
#include "reactord/list.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class WatchRegistry {
 public:
  void add(Watch& watch) noexcept;     // once for each watch
  void retire(Watch& watch) noexcept;  // it must be open

  struct Reaped {
    bool descriptor_closed = false;
    bool some_left = false;  // a queue names one
  };
  Reaped reap(Poller& poller, WatchQueues& queues) noexcept;

  void shut_down() noexcept;  // calls on_shutdown() of those that are open

  std::size_t size() const noexcept { return size_; }  // added and not yet reaped
  std::size_t open_descriptors() const noexcept { return open_descriptors_; }
  bool has_retired() const noexcept { return !retired_.is_empty(); }

 private:
  void close(Watch& watch, Poller& poller) noexcept;

  List<Watch> open_, retired_;
  std::size_t size_ = 0;
  std::size_t open_descriptors_ = 0;
};

}  // namespace reactord
