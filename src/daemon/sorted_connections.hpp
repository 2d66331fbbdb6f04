// SortedConnections: the connections with the greatest values of a measure, the greatest first. It is filled and sorted in
// pieces, so that no turn of the loop does all of it.
//
//     add()   a heap whose root is the least of the best: one that is greater takes its place once the heap is full
//
//               entries_   [ 3 | 5 | 4 | 9 | 7 ]           kept_   what was known of each, where its entry says
//
//     sort()  the root goes to the end of the heap, which is then one shorter
//
//               entries_   [ 5 | 7 | 9 || 4 | 3 ]
//                           heap_ = 3      in order, the greatest first
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reactord/connection_walk.hpp"

namespace reactord {

class SortedConnections {
 public:
  // Keeps the best `most` of `expected` connections, for which it takes the memory at once.
  SortedConnections(std::size_t most, std::size_t expected);

  // Logarithmic in size(). Not after sort().
  void add(std::uint64_t value, const OpenConnection& connection);

  // Takes up to `steps` further steps, each logarithmic in size(). False: all is in order.
  bool sort(std::size_t steps);

  std::size_t size() const noexcept { return entries_.size(); }
  std::uint64_t seen() const noexcept { return seen_; }  // the number that was added

  // The connection as it was when it was added; 0 has the greatest value. Of equal ones, the first accepted comes first.
  // All must be in order. Valid as long as this object.
  OpenConnection at(std::size_t index) const noexcept;

 private:
  struct Entry {
    std::uint64_t value, number;
    std::size_t kept;
    static bool is_better(const Entry& left, const Entry& right) noexcept {
      return left.value != right.value ? left.value > right.value : left.number < right.number;
    }
  };
  struct Kept {
    std::string protocol;
    Address remote;
    ConnectionState state;
    Duration age, silent;
    std::uint64_t lines, bytes_read, bytes_written;
    std::size_t buffered, unsent;
  };
  static Kept kept(const OpenConnection& connection);

  std::size_t most_;
  std::uint64_t seen_ = 0;
  std::vector<Kept> kept_;
  std::vector<Entry> entries_;
  std::size_t heap_ = 0;  // the number of entries that are not yet in order
};

}  // namespace reactord
