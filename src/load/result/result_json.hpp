// Result as JSON: a LoadResult as text and back, schema 1. --json writes it, and a worker sends it to its supervisor.
// Only bytes of names and examples that are not UTF-8 are lost. Derived values (rates, quantiles) are written for other
// tools and not read back. Values that were not measured are null: latencies if nothing was answered, rates if no time
// went by, and values of an open loop in a closed one.
//
//     {
//       "schema": 1, "program": "reactord-load",
//       "configuration": {"connections": "100", ...}, "environment": {"kernel": "6.1.0", ...},
//       "open_loop": false, "interrupted": false, "duration_ns": 10000000000,
//       "requests": 123450, "requests_per_second": 12345.0, "bytes_per_second": ..., "sent": ...,
//       "unanswered": 0, "in_flight_at_end": 0, "warmup_sent": 0, "warmup_answered": 0, "sent_after": 0,
//       "answered_after": 0, "bytes_read": ..., "bytes_written": ..., "connections_opened": 100, "connections_wanted":
//       100, "late_sends": 0, "late_by_generator": 0, "unsent_by_generator": 0, "late_after_ns": 1000000,
//       "errors": {"read ECONNRESET": {"count": 1, "first_example": "..."}},
//       "latency": {"response": {"count": ..., "min_ns": ..., "mean_ns": ..., "p50_ns": ..., "histogram": "..."},
//                   "service": {...}, "connect": {...}, "first_byte": {...}, "lateness": {...}},
//       "seconds": [{"duration_ns": 1000000000, "requests": ..., "errors": ..., "p50_ns": ..., "p99_ns": ..., "max_ns":
//       ...,
//                    "open_connections": ...}],
//       "generator": {"cpu_share": 0.43, "longest_turn_ns": ..., "is_bottleneck": false, "bottleneck_reason": ""}
//     }
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "load/result/json.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

// A name that is twice in the configuration or the environment is written once, with its values joined by ", ". With
// `in_one_line` the only newline is at the end.
std::string result_json(const LoadResult& result, bool in_one_line = false);

// Unknown members are skipped: a later version may write more. An unknown schema, and a member that is missing or of the
// wrong kind, is an error that names it and its place.
std::expected<LoadResult, JsonError> read_result_json(std::string_view text);

}  // namespace reactord::load
