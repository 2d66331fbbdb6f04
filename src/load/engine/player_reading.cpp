// How a Player reads and checks replies: as fast as they come, or at the rate of slow-read.
#include <algorithm>

#include "load/engine/player.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t shown_before = 40;  // right bytes that are shown before the first wrong one

}  // namespace

Task<bool> Player::await_reply(const ScriptStep& step) {
  bool done = false;
  if (step.kind == Kind::expect) {
    done = co_await expect(step);
  } else {
    done = co_await expect_line(step);
  }
  if (done) record_answer();
  co_return done;
}

// Each byte is compared once and dropped, so earlier bytes cost nothing when more arrive.
Task<bool> Player::expect(const ScriptStep& step) {
  const std::string wanted = text_of(step, reply_sequence());
  const Time deadline = state_.reactor.now() + state_.options.timeout;
  std::size_t same = 0;
  while (true) {
    const std::string_view got = input_.view().substr(0, wanted.size() - same);
    if (!std::string_view(wanted).substr(same).starts_with(got)) {
      const std::size_t before = std::min(same, shown_before);
      const std::string_view left = std::string_view(wanted).substr(same - before);
      co_return record_mismatch(step, left, std::string(left.substr(0, before)) + std::string(got));
    }
    same += got.size();
    input_.consume(got.size());
    if (same == wanted.size()) co_return true;
    auto read = co_await read_some(deadline - state_.reactor.now());
    if (!read) co_return false;
  }
}

Task<bool> Player::expect_line(const ScriptStep& step) {
  const std::string wanted = text_of(step, reply_sequence());
  const Time deadline = state_.reactor.now() + state_.options.timeout;
  std::size_t end = input_.view().find('\n');
  while (end == std::string_view::npos && input_.size() < longest_line) {
    const std::size_t searched = input_.size();
    auto read = co_await read_some(deadline - state_.reactor.now());
    if (!read) co_return false;
    end = input_.view().find('\n', searched);
  }
  const std::string_view line = input_.view().substr(0, end);
  if (end == line.npos || !line.starts_with(wanted)) co_return record_mismatch(step, wanted, line);
  input_.consume(end + 1);
  co_return true;
}

Task<bool> Player::expect_end(const ScriptStep& step) {
  if (!input_.empty()) co_return record_mismatch(step, "", input_.view());
  auto set = conn_->set_read_deadline(state_.reactor.now() + state_.options.timeout);
  auto count = co_await conn_->read(input_);
  if (count) co_return record_mismatch(step, "", input_.view());
  if (!count.error().is_eof()) co_return record_failure("read", count.error());
  co_return true;
}

// Sleeps, unless the run is over. A slow reader goes on reading meanwhile.
Task<bool> Player::pause_for(Duration duration) {
  const Time until = state_.reactor.now() + duration;
  while (read_rate_ > 0 && conn_ && !state_.is_ending()) {
    const Time now = state_.reactor.now();
    const bool can_read = conn_->unread() > 0 && input_.size() < longest_line;
    const Time next = can_read ? std::max(next_read_, now) : now + slow_read_interval;
    if (next > until) break;
    bool done = false;
    if (can_read) {
      done = co_await read_some(state_.options.timeout);
    } else {
      auto slept = co_await state_.until_drained.sleep_until(next);
      done = slept.has_value() || state_.is_ending();
    }
    if (!done) co_return false;
  }
  auto slept = co_await state_.until_drained.sleep_until(until);
  co_return !ended_ && (slept.has_value() || state_.is_ending());
}

Task<bool> Player::read_some(Duration at_most) {
  auto set = conn_->set_read_deadline(state_.reactor.now() + at_most);
  std::uint64_t most = state_.incoming.size();
  if (read_rate_ > 0) {
    most = std::clamp<std::uint64_t>(read_rate_ / slow_reads_per_second, 1, most);
    if (next_read_ > state_.reactor.now()) {
      const Time next = next_read_;
      auto slept = co_await state_.until_over.sleep_until(next);
      if (!slept) co_return false;
    }
    next_read_ = state_.reactor.now() +
                 Duration(1s) * static_cast<std::int64_t>(most) / static_cast<std::int64_t>(read_rate_);
  }
  auto count = co_await conn_->read(std::span(state_.incoming).first(most));
  if (!count) co_return record_failure("read", count.error());
  if (keeps_input_) input_.append(state_.reactor.buffers(), std::string_view(state_.incoming.data(), *count));
  state_.recorder.transferred(*count, 0, state_.reactor.now());
  co_return true;
}

}  // namespace reactord::load
