// DurationHistogram: counts how often each duration was recorded, for as long as a daemon runs.
//
// Each power of two of nanoseconds has eight parts, so a duration is known to one in eight. The last part has what is
// beyond all others, 73 minutes and more.
//
//     duration      0 ... 15 ns   16 ... 31 ns   ...   1.05 ... 2.10 ms   ...   36.7 ... 73.3 min   more
//     part width    1 ns          2 ns                 131 us                   4.6 min
//
// Its size is fixed, 2.5 KiB: it allocates nothing. Durations are in nanoseconds; a negative one counts as zero.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/log_linear.hpp"
#include "reactord/time.hpp"

namespace reactord {

class DurationHistogram {
 public:
  static constexpr unsigned precision_bits = 3;
  static constexpr std::uint64_t beyond = std::uint64_t{1}
                                          << 42;  // nanoseconds, from which the last part counts

  void record(Duration duration) noexcept {
    const auto nanoseconds = static_cast<std::uint64_t>(duration.count());
    if (nanoseconds >= beyond) [[unlikely]]
      return record_odd(duration);  // beyond, or negative
    add(Parts::part_of(nanoseconds), nanoseconds);
  }

  std::uint64_t count() const noexcept;  // walks over all parts
  Duration sum() const noexcept;         // exact, but at most Duration::max(), 292 years

  // The least duration that at least `quantile` (0 to 1) of all do not exceed, rounded up to the end of its part; zero if
  // none was recorded.
  Duration at(double quantile) const noexcept;

  // Calls visit(Duration upper_end, std::uint64_t count) for each part in use, from the smallest. Its durations are at
  // most `upper_end`, that of the last part is Duration::max(). `count` is of this part alone.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t part = 0; part < counts_.size(); ++part) {
      if (counts_[part] > 0) visit(upper_end_of(part), counts_[part]);
    }
  }

 private:
  using Parts = LogLinear<precision_bits>;
  static constexpr std::size_t last_part = Parts::part_of(beyond);

  void add(std::size_t part, std::uint64_t nanoseconds) noexcept {
    ++counts_[part];
    if (__builtin_add_overflow(sum_, nanoseconds, &sum_)) [[unlikely]]
      sum_overflowed();
  }
  [[gnu::cold]] void record_odd(Duration duration) noexcept;
  [[gnu::cold]] void sum_overflowed() noexcept;
  static Duration upper_end_of(std::size_t part) noexcept;

  std::array<std::uint64_t, last_part + 1> counts_{};
  std::uint64_t sum_ = 0;  // stays at its largest value once it has come there
};

}  // namespace reactord
