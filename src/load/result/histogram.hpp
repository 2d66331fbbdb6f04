// Histogram: counts how often each duration was recorded, in nanoseconds, from 0 to 2^64 - 1.
//
// Each power of two is cut into 1,024 equal parts (log_linear.hpp), so a value is known to one part in 1,024, whatever its
// size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_linear.hpp"

namespace reactord::load {

class Histogram {
 public:
  static constexpr unsigned precision_bits = 10;  // a value is off by less than one in 2^10
  using Parts = LogLinear<precision_bits>;

  void record(std::uint64_t nanoseconds, std::uint64_t count = 1);
  void merge(const Histogram& other);
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t min() const noexcept;  // exact; 0 if nothing was recorded
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept;  // exact but for rounding
  double standard_deviation() const noexcept;

  // The least value that at least `quantile` (0 to 1) of all values do not exceed, rounded up to the end of its part, but
  // never above max(). 0 if nothing was recorded.
  std::uint64_t at(double quantile) const noexcept;

  // Calls visit(lowest, highest, count) for each part in use, from the smallest.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t index = 0; index < counts_.size(); ++index) {
      if (counts_[index] > 0) visit(Parts::lowest_of(index), Parts::highest_of(index), counts_[index]);
    }
  }

  // The histogram as one line of text, and back: links between processes and JSON files carry it. Nothing: the text is no
  // histogram.
  std::string to_text() const;
  static std::optional<Histogram> from_text(std::string_view text);

 private:
  std::vector<std::uint64_t> counts_;  // as long as the largest value needs
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  double sum_ = 0;
  double sum_of_squares_ = 0;
};

}  // namespace reactord::load
