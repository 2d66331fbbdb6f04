// How a Player reads while it waits, and how slowly where its script says so.
#include <algorithm>

#include "load/player.hpp"

namespace reactord::load {

// Time goes by; a slow reader reads on meanwhile.
Task<bool> Player::pass(Duration duration) {
  const Time until = common_.reactor.now() + duration;
  while (bytes_a_second_ > 0 && conn_) {
    const Time now = common_.reactor.now();
    const bool can_read = conn_->unread() > 0 && input_.size() < longest_line;
    const Time next = can_read ? std::max(next_read_, now) : now + between_slow_reads;
    if (next > until) break;
    bool done = false;
    if (can_read) {
      done = co_await read_some(common_.options.timeout);
    } else {
      auto slept = co_await common_.until_drained.sleep_until(next);
      done = slept.has_value();
    }
    if (!done) co_return false;
  }
  auto slept = co_await common_.until_drained.sleep_until(until);
  co_return slept.has_value();
}

Task<bool> Player::read_some(Duration at_most) {
  auto set = conn_->set_read_deadline(common_.reactor.now() + at_most);
  std::uint64_t most = common_.incoming.size();
  if (bytes_a_second_ > 0) {
    most = std::clamp<std::uint64_t>(bytes_a_second_ / slow_reads_a_second, 1, most);
    if (next_read_ > common_.reactor.now()) {
      const Time next = next_read_;
      auto slept = co_await common_.until_drained.sleep_until(next);
      if (!slept) co_return false;
    }
    next_read_ = common_.reactor.now() +
                 Duration(1s) * static_cast<std::int64_t>(most) / static_cast<std::int64_t>(bytes_a_second_);
  }
  auto count = co_await conn_->read(std::span(common_.incoming).first(most));
  if (!count) co_return failed("read", count.error());
  if (keeps_input_)
    input_.append(common_.reactor.buffers(), std::string_view(common_.incoming.data(), *count));
  common_.recorder.moved(*count, 0, common_.reactor.now());
  co_return true;
}

}  // namespace reactord::load
