#include "daemon/suggestion.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace reactord {
namespace {

constexpr std::size_t slip_of_the_fingers = 2;  // letters

// How many letters must be inserted, dropped or changed to make one of the other (Levenshtein 1966).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view wrong, std::span<const std::string_view> names,
                       std::string_view prefix) {
  const auto nearest =
      std::ranges::min_element(names, {}, [&](std::string_view name) { return distance(wrong, name); });
  if (nearest != names.end() && distance(wrong, *nearest) <= slip_of_the_fingers) {
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
