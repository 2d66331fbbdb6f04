#include "daemon/sorted_connections.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace reactord {

SortedConnections::SortedConnections(std::size_t most, std::size_t expected) : most_(most) {
  kept_.reserve(std::min(most, expected));
  entries_.reserve(std::min(most, expected));
}

void SortedConnections::add(std::uint64_t value, const OpenConnection& connection) {
  assert(heap_ == entries_.size());
  ++seen_;
  Entry entry{value, connection.number, kept_.size()};
  if (entries_.size() < most_) {
    kept_.push_back(kept(connection));
  } else {
    if (most_ == 0 || !Entry::is_better(entry, entries_.front())) return;
    std::ranges::pop_heap(entries_, Entry::is_better);
    entry.kept = entries_.back().kept;
    kept_[entry.kept] = kept(connection);
    entries_.pop_back();
  }
  entries_.push_back(entry);
  std::ranges::push_heap(entries_, Entry::is_better);
  heap_ = entries_.size();
}

bool SortedConnections::sort(std::size_t steps) {
  for (; steps > 0 && heap_ > 0; --steps, --heap_) {
    std::pop_heap(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(heap_), Entry::is_better);
  }
  return heap_ > 0;
}

OpenConnection SortedConnections::at(std::size_t index) const noexcept {
  assert(heap_ == 0 && index < entries_.size());
  const Kept& one = kept_[entries_[index].kept];
  return {.number = entries_[index].number,
          .protocol = one.protocol,
          .remote = one.remote,
          .state = one.state,
          .age = one.age,
          .silent = one.silent,
          .lines = one.lines,
          .bytes_read = one.bytes_read,
          .bytes_written = one.bytes_written,
          .buffered = one.buffered,
          .unsent = one.unsent};
}

SortedConnections::Kept SortedConnections::kept(const OpenConnection& one) {
  return {.protocol = std::string(one.protocol),
          .remote = one.remote,
          .state = one.state,
          .age = one.age,
          .silent = one.silent,
          .lines = one.lines,
          .bytes_read = one.bytes_read,
          .bytes_written = one.bytes_written,
          .buffered = one.buffered,
          .unsent = one.unsent};
}

}  // namespace reactord
