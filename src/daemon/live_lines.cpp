#include "daemon/live_lines.hpp"

#include "reactord/reactor.hpp"

namespace reactord {

LiveLines::~LiveLines() { static_cast<void>(conn_.set_read_deadline(Time::never())); }

void LiveLines::leave_out() noexcept {
  if (has_ended_) return;
  ++omitted_;
  if (waiting_.empty() && omitted_ == 1) wake();
}

void LiveLines::end(std::string last) noexcept {
  if (has_ended_) return;
  has_ended_ = true;
  last_ = std::move(last);
  wake();
}

LiveLines::Taken LiveLines::take() noexcept {
  taken_.clear();
  taken_.swap(waiting_);
  return {taken_, std::exchange(omitted_, 0), std::exchange(last_, {})};
}

// A read that is pending ends from the loop's own stack, and one that comes later at once.
void LiveLines::wake() noexcept { static_cast<void>(conn_.set_read_deadline(conn_.reactor().now())); }

}  // namespace reactord
