// LogLimiter: the rate limit of each kind of log line, so that a flood of events is no flood of lines.
//
//     kind                              bucket          left out
//     closed cause=reset                ............    523        -> event=omitted kind=closed cause=reset count=523
//     closed cause=eof                  ....            0
//     limit limit=max-line action=...   .               0
//
// A kind is an event and the values that distinguish its lines. Its bucket allows `burst` lines at once after a quiet
// time, and `rate` a second in the long run. Lines left out are counted and reported in one line per kind, at most a
// second later and at the end. Pure: time is an argument, lines are the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/log.hpp"
#include "reactord/time.hpp"

namespace reactord {

// Up to two values after the event; empty keys mean fewer.
struct LogKind {
  struct Value {
    std::string_view key = {}, value = {};
    bool operator==(const Value&) const = default;
  };
  LogLevel level;
  std::string_view event;
  Value first = {}, second = {};
  bool operator==(const LogKind&) const = default;
};

class LogLimiter {
 public:
  static constexpr std::size_t max_kinds = 64;  // further kinds share the bucket of the kind "other"
  static constexpr Duration summary_after = 1s;
  static constexpr unsigned burst_seconds = 10;  // the burst is as many lines as this time allows

  explicit LogLimiter(unsigned rate);  // lines a second of each kind; 0: no limit

  // True when a line of `kind` may be written now. Else it is counted as left out.
  bool admits(const LogKind& kind, Time now);

  bool has_omitted() const noexcept { return omitted_ > 0; }
  // Calls tell(const LogKind&, count) for each kind with lines left out, and resets its count. The kind is valid during
  // the call.
  template <typename Tell>
  void take_omitted(Tell tell) {
    if (!has_omitted()) return;
    omitted_ = 0;
    for (Bucket& bucket : buckets_) {
      if (bucket.omitted > 0) tell(bucket.kind(), std::exchange(bucket.omitted, 0));
    }
  }

 private:
  struct Bucket {
    LogLevel level;
    std::string event, first_key, first_value, second_key, second_value;
    // When the bucket would be full again if no line were written until then. Each line moves it by one interval. It
    // may be at most one burst in the future.
    Time full_at;
    std::uint64_t omitted = 0;
    LogKind kind() const noexcept {
      return {.level = level,
              .event = event,
              .first = {first_key, first_value},
              .second = {second_key, second_value}};
    }
  };
  Bucket& bucket_of(const LogKind& kind);

  Duration interval_;  // 0: no limit
  Duration burst_;
  std::uint64_t omitted_ = 0;
  std::vector<Bucket> buckets_;  // few, in the order of their first lines
};

}  // namespace reactord
