// LiveTotals: the exact number of lines and bytes of all connections, those that have ended and those that are open. Nothing
// is counted per line: a connection adds its counts when it ends, and a TotalsWalk looks at the open ones, some in each turn.
//
//     ended before the walk      open when it began, in the order of their numbers         began later
//     [ ended() at its start ]   1  .  3 | 5  7  .  9    last()                            11 12
//                                shown     ^ next
//        counted                 counted   counted when it is shown, or when it ends        not counted
//
// A connection that ends behind `next` has been shown, and is not counted again; one that ends in front of it is counted as it
// ended. So each of them is counted once, however many end meanwhile, and the sum of a walk is at least that of each walk
// that was over when it began. Several walks may be under way at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "reactord/connection_walk.hpp"
#include "reactord/list.hpp"
#include "reactord/server.hpp"

namespace reactord {

class TotalsWalk;

class LiveTotals {
 public:
  struct Sums {
    std::uint64_t lines = 0, bytes_read = 0, bytes_written = 0;
    bool operator==(const Sums&) const = default;
  };

  LiveTotals() noexcept = default;
  // Walks that are under way go on, and miss the connections that end from then on.
  ~LiveTotals();
  LiveTotals(const LiveTotals&) = delete;
  LiveTotals& operator=(const LiveTotals&) = delete;

  // Call it at each ServerObserver::on_closed(). Its cost is a step for each walk that is under way.
  void closed(const ConnectionEnd& end) noexcept;

  const Sums& ended() const noexcept { return ended_; }

 private:
  friend class TotalsWalk;

  Sums ended_;
  List<TotalsWalk> walks_;
};

class TotalsWalk {
 public:
  using States = std::array<std::uint64_t, connection_states>;

  // Counts the connections of `server`, whose ends `totals` is told of. Either may end before it. Not from within
  // on_closed(): the connection that ends would be counted twice.
  TotalsWalk(Server& server, LiveTotals& totals) noexcept;
  ~TotalsWalk();
  TotalsWalk(const TotalsWalk&) = delete;
  TotalsWalk& operator=(const TotalsWalk&) = delete;

  // Looks at the next `most` connections. False: there is none left, and the sums are whole.
  bool next(std::size_t most);

  const LiveTotals::Sums& sums() const noexcept { return sums_; }
  // The number of connections that were shown in each ConnectionState.
  const States& states() const noexcept { return states_; }

 private:
  friend class LiveTotals;
  friend class List<TotalsWalk>;

  void add(std::uint64_t lines, std::uint64_t bytes_read, std::uint64_t bytes_written) noexcept;
  void closed(const ConnectionEnd& end) noexcept;

  ConnectionWalk walk_;
  ConnectionWalk::Show show_;
  LiveTotals::Sums sums_;
  States states_{};
  std::uint64_t shown_ = 0;  // the number of the last connection that was shown; 0: none
  ListNode<TotalsWalk> node_;
};

}  // namespace reactord
