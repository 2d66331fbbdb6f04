#include "load/result/histogram.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace reactord::load {

namespace {

constexpr std::size_t parts_of_power = Histogram::Parts::parts_of_power;
constexpr std::string_view text_version = "histogram1";

template <typename Number>
void append_number(std::string& text, Number number) {
  char digits[32];  // the longest double in its shortest form has 24
  const auto written = std::to_chars(digits, digits + sizeof digits, number);
  text.append(digits, written.ptr);
}

// Takes the next number from the front of `text`, and the separator before it.
template <typename Number>
bool take_number(std::string_view& text, char separator, Number& number) {
  if (!text.starts_with(separator)) return false;
  const char* begin = text.data() + 1;
  const auto read = std::from_chars(begin, text.data() + text.size(), number);
  if (read.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return true;
}

bool is_sum(double number) { return std::isfinite(number) && number >= 0; }

}  // namespace

void Histogram::record(std::uint64_t nanoseconds, std::uint64_t count) {
  if (count == 0) return;
  const std::size_t index = Parts::part_of(nanoseconds);
  // Grows by whole powers of two, so that a maximum that grows a little does not allocate each time.
  if (index >= counts_.size()) counts_.resize((index / parts_of_power + 1) * parts_of_power);
  counts_[index] += count;
  count_ += count;
  min_ = std::min(min_, nanoseconds);
  max_ = std::max(max_, nanoseconds);
  const auto value = static_cast<double>(nanoseconds);
  sum_ += value * static_cast<double>(count);
  sum_of_squares_ += value * value * static_cast<double>(count);
}

void Histogram::merge(const Histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t index = 0; index < other.counts_.size(); ++index) counts_[index] += other.counts_[index];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
}

void Histogram::clear() noexcept {
  std::fill(counts_.begin(), counts_.end(), 0);  // keeps the storage for the next second
  count_ = 0;
  min_ = ~std::uint64_t{0};
  max_ = 0;
  sum_ = sum_of_squares_ = 0;
}

std::uint64_t Histogram::min() const noexcept { return count_ == 0 ? 0 : min_; }

double Histogram::mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

double Histogram::standard_deviation() const noexcept {
  if (count_ == 0) return 0;
  const double average = mean();
  const double variance = sum_of_squares_ / static_cast<double>(count_) - average * average;
  return variance > 0 ? std::sqrt(variance) : 0;  // rounding may make it slightly negative
}

std::uint64_t Histogram::at(double quantile) const noexcept {
  if (count_ == 0) return 0;
  if (quantile >= 1) return max_;
  const std::uint64_t rank = rank_at(quantile, count_);
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    seen += counts_[index];
    if (seen >= rank) return std::min(Parts::highest_of(index), max_);
  }
  return max_;
}

// "histogram1 min max sum squares first:count gap:count gap ...": the index of the first part in use, then the distance
// of each further one from the one before. A count of one is left out.
std::string Histogram::to_text() const {
  std::string text{text_version};
  for (const std::uint64_t bound : {min(), max()}) {
    text += ' ';
    append_number(text, bound);
  }
  for (const double sum : {sum_, sum_of_squares_}) {
    text += ' ';
    append_number(text, sum);
  }
  std::size_t previous = 0;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    if (counts_[index] == 0) continue;
    text += ' ';
    append_number(text, index - previous);
    previous = index;
    if (counts_[index] == 1) continue;
    text += ':';
    append_number(text, counts_[index]);
  }
  return text;
}

std::optional<Histogram> Histogram::from_text(std::string_view text) {
  if (!text.starts_with(text_version)) return std::nullopt;
  text.remove_prefix(text_version.size());
  Histogram read;
  std::uint64_t min = 0, max = 0;
  if (!take_number(text, ' ', min) || !take_number(text, ' ', max) || !take_number(text, ' ', read.sum_) ||
      !take_number(text, ' ', read.sum_of_squares_) || !is_sum(read.sum_) || !is_sum(read.sum_of_squares_)) {
    return std::nullopt;
  }
  std::size_t index = 0;
  while (!text.empty()) {
    std::size_t gap = 0;
    std::uint64_t count = 1;
    if (!take_number(text, ' ', gap) || gap >= Parts::all_parts - index) return std::nullopt;
    if (text.starts_with(':') && !take_number(text, ':', count)) return std::nullopt;
    if (count == 0 || (gap == 0 && read.count_ > 0)) return std::nullopt;
    if (read.count_ == 0 && gap != Parts::part_of(min)) return std::nullopt;
    if (__builtin_add_overflow(read.count_, count, &read.count_)) return std::nullopt;
    index += gap;
    if (index >= read.counts_.size()) read.counts_.resize((index / parts_of_power + 1) * parts_of_power);
    read.counts_[index] = count;
  }
  if (min > max || index != Parts::part_of(max)) return std::nullopt;
  if (read.count_ == 0)
    return max == 0 && read.sum_ == 0 && read.sum_of_squares_ == 0 ? std::optional(Histogram{})
                                                                   : std::nullopt;
  read.min_ = min;
  read.max_ = max;
  return read;
}

}  // namespace reactord::load
