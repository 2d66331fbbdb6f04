// DaemonFacts: what metrics tell of the daemon beside what its server, its programs and its totals say themselves: plain values
// of one moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/labelled_counts.hpp"
#include "daemon/metrics_text.hpp"

namespace reactord {

struct DaemonFacts {
  struct ListenerCounts {
    std::string listener;  // its address, as in the log; no two with the same protocol have the same
    std::string protocol;
    std::uint64_t accepted;
    std::size_t connections;  // open now
  };
  // Durations, counted by how long they were.
  struct Durations {
    std::vector<MetricsText::Bucket> buckets;
    std::uint64_t beyond;  // above the last bound
    Duration sum;
  };

  std::string program, version;
  std::chrono::system_clock::time_point started = {};
  std::vector<LabelledCounts::Row> limits, pauses;  // EventCounts
  std::uint64_t stalls = 0, handler_failures = 0;
  std::uint64_t reloads_done = 0, reloads_failed = 0;
  std::chrono::system_clock::time_point last_reload = {};  // 1970: there was none
  std::uint64_t log_written = 0, log_omitted = 0, log_dropped = 0;
  std::vector<LabelledCounts::Row> program_starts;  // by program, also of those that are no longer served
  std::size_t buffer_limit = 0;                     // max-buffers; 0: none
  std::size_t resident_memory = 0;                  // bytes; 0: it is not known
  std::size_t open_descriptors = 0;

  // Without a source they are empty, and their families are left out.
  std::vector<ListenerCounts> listeners;
  std::optional<Durations> turns, handlers, timer_lateness;
};

}  // namespace reactord
