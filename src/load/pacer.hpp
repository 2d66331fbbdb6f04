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

#include "load/connection.hpp"
#include "load/schedule.hpp"

namespace reactord::load {

class Pacer {
 public:
  Pacer(Common& common, const LoadOptions& options);

  Task<> run();  // from now on, until nothing more is to be sent
  void is_free(Connection& connection);

  std::uint64_t missed() const noexcept { return missed_; }  // picked up late, though a connection was free
  Duration longest_gap() const noexcept {
    return longest_gap_;
  }                                                       // between two looks at the schedule, while due
  Duration held_up() const noexcept { return held_up_; }  // all gaps that made a request late by themselves
  std::uint64_t never_sent() const noexcept { return never_sent_; }  // due, but no connection became free

 private:
  Connection* take_free();
  void send_due(Time now);
  void tell_never_sent();

  Common& common_;
  const LoadOptions& options_;
  Schedule schedule_;
  std::deque<Connection*> idle_, free_;  // entries that are no longer true are skipped
  bool was_out_of_connections_ = false;
  std::uint64_t missed_ = 0, never_sent_ = 0;
  Duration longest_gap_{0}, held_up_{0};
};

}  // namespace reactord::load
