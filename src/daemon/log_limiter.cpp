#include "daemon/log_limiter.hpp"

#include <algorithm>

namespace reactord {

LogLimiter::LogLimiter(unsigned rate)
    : interval_(rate == 0 ? 0ns : Duration(1s) / rate), burst_(interval_ * rate * burst_seconds) {}

bool LogLimiter::admits(const LogKind& kind, Time now) {
  if (interval_ == 0ns) return true;
  Bucket& bucket = bucket_of(kind);
  const Time full_after = std::max(bucket.full_at, now) + interval_;
  if (full_after - now <= burst_) {
    bucket.full_at = full_after;
    return true;
  }
  ++bucket.omitted;
  ++omitted_;
  return false;
}

LogLimiter::Bucket& LogLimiter::bucket_of(const LogKind& kind) {
  const auto found = std::ranges::find_if(buckets_, [&](const Bucket& one) { return one.kind() == kind; });
  if (found != buckets_.end()) return *found;
  if (buckets_.size() == max_kinds) return buckets_.back();
  const bool is_last = buckets_.size() + 1 == max_kinds;
  const LogKind own = is_last ? LogKind{.level = LogLevel::warn, .event = "other"} : kind;
  buckets_.push_back({.level = own.level,
                      .event = std::string(own.event),
                      .first_key = std::string(own.first.key),
                      .first_value = std::string(own.first.value),
                      .second_key = std::string(own.second.key),
                      .second_value = std::string(own.second.value),
                      .full_at = {},
                      .omitted = 0});
  return buckets_.back();
}

}  // namespace reactord
