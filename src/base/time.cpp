#include "reactord/time.hpp"

#include <ctime>

namespace reactord {
namespace {

class MonotonicClock final : public Clock {
 public:
  Time now() noexcept override {
    timespec moment{};
    ::clock_gettime(CLOCK_MONOTONIC, &moment);
    return Time::from_nanoseconds(moment.tv_sec * 1'000'000'000 + moment.tv_nsec);
  }
  bool skip(Duration) noexcept override { return false; }
  bool is_virtual() const noexcept override { return false; }
};

}  // namespace

Clock& Clock::monotonic() noexcept {
  static MonotonicClock clock;
  return clock;
}

}  // namespace reactord
