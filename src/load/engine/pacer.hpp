// Pacer: the open loop: one schedule for all connections of a process; each request goes to the next one that is free,
// an idle one before one that has others in flight.
//
//     schedule  . . . . . . . . .     due times, whatever becomes of the requests
//               |       +------------ not yet due
//               +-- late by now: the oldest goes first to whoever becomes free, and its waiting counts
//
// No queue: what waits is what the schedule has and nobody took yet. The timer wheel ticks in milliseconds, so when a
// request is due before the next tick the loop turns without sleeping: the price is a busy core.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "load/engine/connection.hpp"
#include "load/engine/schedule.hpp"

namespace reactord::load {

class Pacer {
 public:
  Pacer(Common& common, const LoadOptions& options);

  Task<> run();  // from now on, until nothing more is to be sent
  void is_free(Connection& connection);
  // At the end: sends what is due. True: more of it came due while nobody looked, so there is more for who becomes free.
  bool catch_up(Time now);

  Duration longest_gap() const noexcept {
    return longest_gap_;
  }                                                       // between two looks at the schedule, while due
  Duration held_up() const noexcept { return held_up_; }  // all gaps that made a request late by themselves
  std::uint64_t never_sent() const noexcept { return never_sent_; }  // due, but no connection became free
  std::uint64_t owed() const noexcept {
    return owed_;
  }  // never sent either, since nobody looked when they were due

 private:
  // A time in which nobody looked: requests that came due in it are late by ourselves.
  struct Gap {
    Time from, to;
  };

  Connection* take_free();
  void look(Time now);
  bool is_ours(Time due);
  void send_due(Time now);
  void tell_never_sent();
  std::uint64_t skip_until(Time until, Time now);

  Common& common_;
  const LoadOptions& options_;
  Schedule schedule_;
  std::deque<Connection*> idle_, free_;  // entries that are no longer true are skipped
  bool was_out_of_connections_ = false;
  Time looked_;           // at the schedule
  std::deque<Gap> gaps_;  // with requests that were not sent yet
  std::uint64_t never_sent_ = 0, owed_ = 0;
  Duration longest_gap_{0}, held_up_{0};
};

}  // namespace reactord::load
