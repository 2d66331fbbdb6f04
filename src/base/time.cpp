#include "reactord/time.hpp"

namespace reactord {
namespace {

class MonotonicClock final : public Clock {
 public:
  Time now() noexcept override { return monotonic_now(); }
  bool skip(Duration) noexcept override { return false; }
  bool is_virtual() const noexcept override { return false; }
};

}  // namespace

Clock& Clock::monotonic() noexcept {
  static MonotonicClock clock;
  return clock;
}

}  // namespace reactord
