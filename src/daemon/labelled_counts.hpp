// LabelledCounts: a table of counts by one or two words, of which there are few: the name of a limit and what was done, the name
// of an error. It has a bound: what comes when it is full is counted together, as "other".
//
//     max-line     truncated    12
//     accept-rate  deferred    411
//     other        other         0       written when it has a count
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reactord {

class LabelledCounts {
 public:
  static constexpr std::string_view other = "other";

  struct Row {
    std::string first, second;  // `second` is empty where one word is counted
    std::uint64_t count = 0;
  };

  explicit LabelledCounts(std::size_t most) noexcept : most_(most) {}

  // Counts one more. Where there is no memory for a new row, it counts as "other".
  void add(std::string_view first, std::string_view second = {}) noexcept;

  std::uint64_t of(std::string_view first, std::string_view second = {}) const noexcept;
  std::size_t size() const noexcept { return rows_.size(); }

  // The rows in the order of their first counts, and at last those counted together, if there are any: at most one more
  // than `most`. Throws bad_alloc.
  std::vector<Row> rows() const;

 private:
  const Row* find(std::string_view first, std::string_view second) const noexcept;

  std::size_t most_;
  std::vector<Row> rows_;
  std::uint64_t others_ = 0;
};

}  // namespace reactord
