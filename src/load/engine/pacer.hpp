// Pacer: the open loop. One schedule serves all connections of a process. Each request goes to the next free connection;
// an idle connection comes before one with requests in flight.
//
//     schedule  . . . . . . . . .     due times, whatever becomes of the requests
//               |       +------------ not yet due
//               +-- late by now: the oldest goes to the next free connection, and its waiting time counts
//
// There is no queue: late requests are those that the schedule has not passed yet. The timer wheel ticks in milliseconds,
// so when a request is due before the next tick the loop turns without sleeping, which keeps a core busy.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "load/engine/connection.hpp"
#include "load/engine/schedule.hpp"

namespace reactord::load {

class Pacer {
 public:
  Pacer(EngineState& state, const LoadOptions& options);

  Task<> run();                           // until nothing more is to be sent
  void add_free(Connection& connection);  // queues a connection that can send; no effect on others
  // Sends what is due at the end of the run. True: requests that came due in a gap are left, for connections that become
  // free.
  bool catch_up(Time now);

  // The longest time between two checks of the schedule while requests were due.
  Duration longest_gap() const noexcept { return longest_gap_; }
  // The sum of the gaps that were long enough to make a request late.
  Duration stalled_time() const noexcept { return stalled_time_; }
  // Requests that were due and never sent, because no connection became free.
  std::uint64_t never_sent() const noexcept { return never_sent_; }
  // Requests that were never sent, because they came due in a gap.
  std::uint64_t unsent_by_generator() const noexcept { return unsent_by_generator_; }

 private:
  // A time in which the schedule was not checked. The generator itself made requests late that came due in it.
  struct Gap {
    Time from, to;
  };

  Connection* take_free();
  void check_schedule(Time now);
  bool fell_due_in_gap(Time due);
  void send_due(Time now);
  void record_never_sent();
  std::uint64_t skip_until(Time until, Time now);

  EngineState& state_;
  const LoadOptions& options_;
  Schedule schedule_;
  std::deque<Connection*> idle_, free_;  // outdated entries are skipped
  bool was_out_of_connections_ = false;
  Time last_check_;       // of the schedule
  std::deque<Gap> gaps_;  // gaps with requests that were not sent yet
  std::uint64_t never_sent_ = 0, unsent_by_generator_ = 0;
  Duration longest_gap_{0}, stalled_time_{0};
};

}  // namespace reactord::load
