#include "daemon/live_totals.hpp"

namespace reactord {

LiveTotals::~LiveTotals() {
  while (TotalsWalk* const walk = walks_.first()) walks_.remove(*walk);
}

void LiveTotals::closed(const ConnectionEnd& end) noexcept {
  ended_.lines += end.lines;
  ended_.bytes_read += end.bytes_read;
  ended_.bytes_written += end.bytes_written;
  for (TotalsWalk* walk = walks_.first(); walk != nullptr; walk = walks_.next(*walk)) walk->closed(end);
}

TotalsWalk::TotalsWalk(Server& server, LiveTotals& totals) noexcept : walk_(server), sums_(totals.ended()) {
  show_ = [this](const OpenConnection& connection) {
    add(connection.lines, connection.bytes_read, connection.bytes_written);
    ++states_[static_cast<std::size_t>(connection.state)];
    shown_ = connection.number;
    return Fate::lives;
  };
  totals.walks_.push_front(*this);
}

TotalsWalk::~TotalsWalk() {
  if (node_.is_linked()) List<TotalsWalk>::remove(*this);
}

bool TotalsWalk::next(std::size_t most) { return walk_.next(most, show_); }

void TotalsWalk::add(std::uint64_t lines, std::uint64_t bytes_read, std::uint64_t bytes_written) noexcept {
  sums_.lines += lines;
  sums_.bytes_read += bytes_read;
  sums_.bytes_written += bytes_written;
}

// Number 0 was never served, and has no counts.
void TotalsWalk::closed(const ConnectionEnd& end) noexcept {
  if (end.number > shown_ && end.number <= walk_.last()) add(end.lines, end.bytes_read, end.bytes_written);
}

}  // namespace reactord
