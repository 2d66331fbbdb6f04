// What a Player reads, and expects: all that has come, or slowly where its script says so.
#include <algorithm>

#include "load/engine/player.hpp"

namespace reactord::load {
namespace {

constexpr std::size_t shown_before = 40;  // of what was right, where a reply differs

}  // namespace

Task<bool> Player::wait_for(const ScriptStep& step) {
  bool done = false;
  if (step.kind == Kind::expect) {
    done = co_await expect(step);
  } else {
    done = co_await expect_line(step);
  }
  if (done) answered();
  co_return done;
}

// Each byte is looked at once, and dropped: what has come before costs nothing when more comes.
Task<bool> Player::expect(const ScriptStep& step) {
  const std::string wanted = text_of(step, sequence_of_reply());
  const Time deadline = common_.reactor.now() + common_.options.timeout;
  std::size_t same = 0;
  while (true) {
    const std::string_view got = input_.view().substr(0, wanted.size() - same);
    if (!std::string_view(wanted).substr(same).starts_with(got)) {
      const std::size_t before = std::min(same, shown_before);
      const std::string_view left = std::string_view(wanted).substr(same - before);
      co_return differs(step, left, std::string(left.substr(0, before)) + std::string(got));
    }
    same += got.size();
    input_.consume(got.size());
    if (same == wanted.size()) co_return true;
    auto read = co_await read_some(deadline - common_.reactor.now());
    if (!read) co_return false;
  }
}

Task<bool> Player::expect_line(const ScriptStep& step) {
  const std::string wanted = text_of(step, sequence_of_reply());
  const Time deadline = common_.reactor.now() + common_.options.timeout;
  std::size_t end = input_.view().find('\n');
  while (end == std::string_view::npos && input_.size() < longest_line) {
    const std::size_t searched = input_.size();
    auto read = co_await read_some(deadline - common_.reactor.now());
    if (!read) co_return false;
    end = input_.view().find('\n', searched);
  }
  const std::string_view line = input_.view().substr(0, end);
  if (end == line.npos || !line.starts_with(wanted)) co_return differs(step, wanted, line);
  input_.consume(end + 1);
  co_return true;
}

Task<bool> Player::expect_end(const ScriptStep& step) {
  if (!input_.empty()) co_return differs(step, "", input_.view());
  auto set = conn_->set_read_deadline(common_.reactor.now() + common_.options.timeout);
  auto count = co_await conn_->read(input_);
  if (count) co_return differs(step, "", input_.view());
  if (!count.error().is_eof()) co_return failed("read", count.error());
  co_return true;
}

// Time goes by, unless the run is over; a slow reader reads on meanwhile.
Task<bool> Player::pass(Duration duration) {
  const Time until = common_.reactor.now() + duration;
  while (bytes_a_second_ > 0 && conn_ && !common_.is_ending()) {
    const Time now = common_.reactor.now();
    const bool can_read = conn_->unread() > 0 && input_.size() < longest_line;
    const Time next = can_read ? std::max(next_read_, now) : now + between_slow_reads;
    if (next > until) break;
    bool done = false;
    if (can_read) {
      done = co_await read_some(common_.options.timeout);
    } else {
      auto slept = co_await common_.until_drained.sleep_until(next);
      done = slept.has_value() || common_.is_ending();
    }
    if (!done) co_return false;
  }
  auto slept = co_await common_.until_drained.sleep_until(until);
  co_return !ended_ && (slept.has_value() || common_.is_ending());
}

Task<bool> Player::read_some(Duration at_most) {
  auto set = conn_->set_read_deadline(common_.reactor.now() + at_most);
  std::uint64_t most = common_.incoming.size();
  if (bytes_a_second_ > 0) {
    most = std::clamp<std::uint64_t>(bytes_a_second_ / slow_reads_a_second, 1, most);
    if (next_read_ > common_.reactor.now()) {
      const Time next = next_read_;
      auto slept = co_await common_.until_over.sleep_until(next);
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
