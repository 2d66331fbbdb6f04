// Result of a load run: what was asked, what came of it, and how well the generator itself did. Everything that a report
// shows is in here, so that a report, a JSON file and a comparison tell the same.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/result/histogram.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

// One second of the run, warm-up excluded.
struct LoadSecond {
  std::uint64_t requests = 0;  // answered
  std::uint64_t errors = 0;
  std::uint64_t p50 = 0, p99 = 0, max = 0;  // response time, nanoseconds
  std::uint64_t open_connections = 0;
};

// Where a connection failed, and how: "connect ECONNREFUSED", "read ECONNRESET", "reply mismatch".
struct LoadError {
  std::uint64_t count = 0;
  std::string first_example;  // a sentence
};

struct LoadResult {
  // What was asked, in the order in which it is shown: "connections" -> "100".
  std::vector<std::pair<std::string, std::string>> configuration;
  // Where it ran: kernel, cpu, descriptors, somaxconn, version.
  std::vector<std::pair<std::string, std::string>> environment;

  bool open_loop = false;
  Duration duration{0};        // measured, without warm-up
  std::uint64_t requests = 0;  // answered within it
  std::uint64_t sent = 0;      // due within it
  std::uint64_t unanswered =
      0;  // due within it: no right reply came in time, or they were never sent. They are in
          // `response`, and those that were sent in `service`, with their timeout at least
  std::uint64_t in_flight_at_end = 0;                  // sent and not answered when the run ended
  std::uint64_t warmup_sent = 0, warmup_answered = 0;  // before it
  std::uint64_t sent_after = 0, answered_after = 0;    // behind it
  std::uint64_t bytes_read = 0, bytes_written = 0;
  std::uint64_t connections_opened = 0, connections_wanted = 0;

  Histogram
      response;  // from the intended send time: what a user would have waited (open loop; else as service)
  Histogram service;     // from the actual send
  Histogram connect;     // from connect(2) to the connection
  Histogram first_byte;  // from connect(2) to the first byte of the first answer
  Histogram lateness;    // open loop: from the intended send time to the actual one

  std::uint64_t late_sends = 0;  // open loop: later than `late_after`
  std::uint64_t late_by_generator =
      0;  // of these, though a connection was free, or since it did not look in time
  std::uint64_t unsent_by_generator =
      0;  // that came due while it did not look, and for which there was no time left
  Duration late_after = 1ms;
  std::map<std::string, LoadError> errors;  // by phase and cause

  std::vector<LoadSecond> seconds;

  // How the generator did.
  double cpu_share = 0;           // of one core, of the busiest process, 0 to 1
  Duration longest_turn{0};       // the loop's
  bool is_bottleneck = false;     // then the numbers say more of the generator than of the server
  std::string bottleneck_reason;  // a sentence, where it is
  bool interrupted = false;       // by ctrl-C: the report tells of what was done so far

  // The last second may be cut short.
  Duration length_of(std::size_t second) const {
    const Duration rest = duration - static_cast<std::int64_t>(second) * 1s;
    return rest > 0ns && rest < 1s ? rest : Duration(1s);
  }
  // Of seconds in which so much happened as to tell a rate: all, but for a last one of which there is next to nothing.
  std::size_t telling_seconds() const {
    const bool is_rest = seconds.size() > 1 && length_of(seconds.size() - 1) < shortest_rest;
    return seconds.size() - (is_rest ? 1 : 0);
  }
  static constexpr Duration shortest_rest = 100ms;

  // What the server's own counters should show.
  std::uint64_t total_sent() const { return sent + warmup_sent + sent_after; }
  std::uint64_t total_answered() const { return requests + warmup_answered + answered_after; }

  // Puts what another process did to it: counts are added, durations and shares are the highest, the first example and
  // reason stay. What was asked and the seconds stay as they are.
  void merge(const LoadResult& part);

  bool has_wrong_replies() const {
    const auto mismatch = errors.find("reply mismatch");
    return mismatch != errors.end() && mismatch->second.count > 0;
  }
};

}  // namespace reactord::load
