#include "base/suggestion.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace reactord {
namespace {

constexpr std::size_t longest_word = 64;  // for a longer word no suggestion is made

// The number of letters to insert, drop, change or swap with their neighbour to turn one word into the other (the
// optimal string alignment of Damerau 1964).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before(right.size() + 1), last(before), row(before);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      row[j + 1] = std::min({row[j] + 1, last[j + 1] + 1, last[j] + (left[i] == right[j] ? 0 : 1)});
      if (i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j]) {
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last.back();
}

}  // namespace

std::string suggestion(std::string_view wrong, std::span<const std::string_view> names,
                       std::string_view prefix) {
  const std::string_view start = wrong.substr(0, longest_word);
  const auto nearest =
      std::ranges::min_element(names, {}, [&](std::string_view name) { return distance(start, name); });
  const std::size_t slips = wrong.size() < 5 ? 1 : 2;
  if (nearest != names.end() && wrong.size() <= longest_word && distance(wrong, *nearest) <= slips) {
    return "did you mean " + std::string(prefix) + std::string(*nearest) + "?";
  }
  const auto begins = [&](std::string_view name) { return !wrong.empty() && name.starts_with(wrong); };
  const bool some_begin = std::ranges::any_of(names, begins);
  std::string known = "known:";
  for (const std::string_view name : names) {
    if (!some_begin || begins(name)) known += " " + std::string(prefix) + std::string(name);
  }
  return known;
}

}  // namespace reactord
