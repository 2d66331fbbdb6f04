#include "net/send_progress.hpp"

#include <algorithm>
#include <utility>

namespace reactord {
namespace {

constexpr int first_look = 64;  // the fraction of the timeout after which the first look comes

}  // namespace

bool SendProgress::goes_on(std::size_t left, Time now) noexcept {
  const std::uint32_t before = std::exchange(unacknowledged_, count_of(left));
  const bool is_fewer = before == unknown ? left > 0 : unacknowledged_ < before;
  if (is_fewer) since_ = now;
  return is_fewer;
}

// Each look doubles the time since the last progress, until half of the timeout has passed; the last one is at its end.
Time SendProgress::next_look(Time now, Duration timeout, bool tells_all) const noexcept {
  if (tells_all) return since_ + timeout;
  const Duration elapsed = now - since_;
  return since_ + (elapsed < timeout / 2 ? std::max(2 * elapsed, timeout / first_look) : timeout);
}

}  // namespace reactord
