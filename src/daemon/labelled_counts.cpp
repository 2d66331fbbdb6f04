#include "daemon/labelled_counts.hpp"

#include <algorithm>
#include <new>

namespace reactord {

const LabelledCounts::Row* LabelledCounts::find(std::string_view first,
                                                std::string_view second) const noexcept {
  const auto found =
      std::ranges::find_if(rows_, [=](const Row& row) { return row.first == first && row.second == second; });
  return found == rows_.end() ? nullptr : &*found;
}

void LabelledCounts::add(std::string_view first, std::string_view second) noexcept {
  if (const Row* const row = find(first, second)) {
    ++rows_[static_cast<std::size_t>(row - rows_.data())].count;
    return;
  }
  if (rows_.size() == most_) {
    ++others_;
    return;
  }
  try {
    rows_.push_back({std::string(first), std::string(second), 1});
  } catch (const std::bad_alloc&) {
    ++others_;
  }
}

std::uint64_t LabelledCounts::of(std::string_view first, std::string_view second) const noexcept {
  const Row* const row = find(first, second);
  return row == nullptr ? 0 : row->count;
}

std::vector<LabelledCounts::Row> LabelledCounts::rows() const {
  std::vector<Row> rows = rows_;
  if (others_ == 0) return rows;
  const bool has_second = std::ranges::any_of(rows_, [](const Row& row) { return !row.second.empty(); });
  const auto same = std::ranges::find(rows, other, &Row::first);  // a name of its own may be that word
  if (same != rows.end() && same->second == (has_second ? other : "")) {
    same->count += others_;
  } else {
    rows.push_back({std::string(other), std::string(has_second ? other : ""), others_});
  }
  return rows;
}

}  // namespace reactord
