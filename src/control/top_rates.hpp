// TopRates: what happened between two samples of a daemon, in a second or in all.
//
//     before ------------- elapsed -------------- after
//     lines 9120                                  lines 10120      1000 in 2 s: 500 lines a second
//
// Counters begin at 0 when the daemon starts. So a daemon that has started between the two (another process, a lower
// uptime, a counter that went back) has its rates since its start, and so has the first sample of all, as vmstat(8) begins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/top_sample.hpp"

namespace reactord::control {

using Rate = std::optional<double>;  // per second; empty: the daemon does not tell, or no time has passed

struct TopRates {
  struct Cause {
    std::string name;
    double per_second;
  };
  struct OfConnection {
    std::uint64_t id;
    double lines, in, out;  // per second
  };
  struct Times {
    std::optional<Quantile> p50, p99;  // in seconds; empty: the daemon does not tell, or nothing was counted
  };

  Duration elapsed = 0s;  // 0: no rate is known
  bool is_since_start = false;
  Rate accepted, ended;
  std::vector<Cause> causes;  // those that moved, the most frequent first
  Rate lines, in, out;
  bool is_of_ended =
      false;  // lines, in and out are those of connections that have ended: nothing else is told
  Times turns, handlers;
  std::optional<double> stalls;           // in the whole of the time
  std::vector<OfConnection> connections;  // those of `after` that are known of, in its order
};

// Null: there is no sample before.
TopRates rates_between(const TopSample* before, const TopSample& after);

// Whether it is another run of a daemon: its connections have the same numbers as others of before.
bool has_restarted(const TopSample& before, const TopSample& after);

}  // namespace reactord::control
