#include "event/stall_meter.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace reactord {
namespace {

constexpr double slowest_counter = 0.001;  // cycles per nanosecond: ARM's may have a megahertz
// A counter that is not quite constant is suspected early, not late.
constexpr double margin = 0.5;
constexpr Duration shortest_lesson = 1ms;  // below, the reading itself takes too large a part
constexpr int readings = 3;

}  // namespace

void StallMeter::set_threshold(Duration threshold) noexcept {
  assert(threshold > 0s);
  threshold_ = threshold;
  since_ = monotonic_now();
  suspect();
}

// Reads counter and clock at one moment. The closest of several tries counts: the CPU may be lost between the two.
StallMeter::Reading StallMeter::read_both() noexcept {
  Reading best{};
  std::uint64_t closest = std::numeric_limits<std::uint64_t>::max();
  for (int reading = 0; reading < readings; ++reading) {
    const std::uint64_t before = cycles();
    const Time time = monotonic_now();
    const std::uint64_t apart = cycles() - before;
    if (apart >= closest) continue;
    closest = apart;
    best = {before + apart / 2, time};
  }
  return best;
}

void StallMeter::learn(const Reading& reading) noexcept {
  if (reading.cycles < first_.cycles) {  // the counter was set back: the machine slept, or was migrated
    first_ = reading;
    cycles_per_nanosecond_ = 0;
  } else if (reading.time - first_.time >= shortest_lesson) {
    cycles_per_nanosecond_ = static_cast<double>(reading.cycles - first_.cycles) /
                             static_cast<double>((reading.time - first_.time).count());
  }
  suspect();
}

void StallMeter::suspect() noexcept {
  const double rate = cycles_per_nanosecond_ > 0 ? cycles_per_nanosecond_ : slowest_counter;
  constexpr double most = 9e18;  // fits into 64 bits
  suspicious_ =
      static_cast<std::uint64_t>(std::min(static_cast<double>(threshold_.count()) * rate * margin, most));
}

Duration StallMeter::stall_between(std::uint64_t begin, std::uint64_t end, Time turn_began) noexcept {
  const Time now = monotonic_now();
  learn(read_both());
  Duration took = now - std::max(turn_began, since_);
  if (cycles_per_nanosecond_ > 0 && end > begin) {
    const double counted = static_cast<double>(end - begin) / cycles_per_nanosecond_;
    if (counted < static_cast<double>(took.count())) took = Duration(static_cast<std::int64_t>(counted));
  }
  return took > threshold_ ? took : Duration{0};
}

}  // namespace reactord
