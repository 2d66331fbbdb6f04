// Result of a load run: its configuration, its measurements, and how well the generator itself did. Everything that a
// report shows is in here, so that a report, a JSON file and a comparison agree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load/result/histogram.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

// Pairs of a name and its value, in the order in which they are shown: "connections" -> "100".
using NamedValues = std::vector<std::pair<std::string, std::string>>;

// One second of the run, warm-up excluded.
struct LoadSecond {
  std::uint64_t requests = 0;  // answered
  std::uint64_t errors = 0;
  std::uint64_t p50 = 0, p99 = 0, max = 0;  // response time, nanoseconds
  std::uint64_t open_connections = 0;
};

// Errors of one kind. A kind is a phase and a cause: "connect ECONNREFUSED", "read ECONNRESET", "reply mismatch".
struct LoadError {
  std::uint64_t count = 0;
  std::string first_example;  // a sentence
};

struct LoadResult {
  // The options of the run.
  NamedValues configuration;
  // The place where it ran: kernel, cpu, descriptors, somaxconn, version.
  NamedValues environment;

  bool open_loop = false;
  Duration duration{0};        // of the measured window, without warm-up
  std::uint64_t requests = 0;  // answered within the window
  std::uint64_t sent = 0;      // sent, and due within the window
  // Requests due within the window that had no right reply in time or were never sent. `response` holds them with at
  // least their timeout, and `service` holds those that were sent.
  std::uint64_t unanswered = 0;
  std::uint64_t in_flight_at_end = 0;                  // sent and not answered when the run ended
  std::uint64_t warmup_sent = 0, warmup_answered = 0;  // before the window
  std::uint64_t sent_after = 0, answered_after = 0;    // after the window
  std::uint64_t bytes_read = 0, bytes_written = 0;
  std::uint64_t connections_opened = 0, connections_wanted = 0;

  Histogram response;    // from the intended send time, as a user would have waited (closed loop: as service)
  Histogram service;     // from the actual send time
  Histogram connect;     // from connect(2) to the connection
  Histogram first_byte;  // from connect(2) to the first byte of the first answer
  Histogram lateness;    // open loop: from the intended to the actual send time

  // Open loop only.
  std::uint64_t late_sends = 0;  // sent more than late_after too late
  std::uint64_t late_by_generator =
      0;  // late sends although a connection was free, or due in a gap of the pacer
  std::uint64_t unsent_by_generator = 0;  // due in a gap of the pacer, and never sent
  Duration late_after = 1ms;
  std::map<std::string, LoadError> errors;  // by phase and cause

  std::vector<LoadSecond> seconds;

  // How well the generator did.
  double cpu_share = 0;           // of the busiest process, of one core, 0 to 1
  Duration longest_turn{0};       // of the loop
  bool is_bottleneck = false;     // true: the numbers say more of the generator than of the server
  std::string bottleneck_reason;  // a sentence; empty unless is_bottleneck
  bool interrupted = false;       // by ctrl-C: the result holds what was measured until then

  // The last second may be cut short.
  Duration length_of(std::size_t second) const {
    const Duration rest = duration - static_cast<std::int64_t>(second) * 1s;
    return rest > 0ns && rest < 1s ? rest : Duration(1s);
  }
  // The number of seconds that are long enough for a rate: all but a last one that is shorter than shortest_rest.
  std::size_t measurable_seconds() const {
    const bool is_rest = seconds.size() > 1 && length_of(seconds.size() - 1) < shortest_rest;
    return seconds.size() - (is_rest ? 1 : 0);
  }
  static constexpr Duration shortest_rest = 100ms;

  // The numbers that the server's own counters should show.
  std::uint64_t total_sent() const { return sent + warmup_sent + sent_after; }
  std::uint64_t total_answered() const { return requests + warmup_answered + answered_after; }

  // Adds the result of another process: counts are added, durations and shares become the highest, the first example and
  // reason stay. Configuration, environment and seconds stay as they are.
  void merge(const LoadResult& part);

  bool has_wrong_replies() const {
    const auto mismatch = errors.find("reply mismatch");
    return mismatch != errors.end() && mismatch->second.count > 0;
  }
};

}  // namespace reactord::load
