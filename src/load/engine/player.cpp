#include "load/engine/player.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "base/quantity.hpp"
#include "base/system.hpp"
#include "load/engine/source.hpp"
#include "load/result/text.hpp"
#include "reactord/dial.hpp"

namespace reactord::load {
namespace {

constexpr Duration pause_after_failure = 100ms;
constexpr std::uint64_t sends_per_turn = 256;  // then the others have their turn
constexpr std::size_t most_unanswered =
    16 * 1024;  // requests of a connection: one more is an error, and ends it

bool has_step(const Scenario& scenario, std::initializer_list<ScriptStep::Kind> kinds) {
  return std::ranges::any_of(scenario.steps, [kinds](const ScriptStep& step) {
    return std::ranges::find(kinds, step.kind) != kinds.end();
  });
}

}  // namespace

Player::Player(EngineState& state, const Script& script, std::uint64_t number)
    : state_(state), script_(script), number_(number), scenarios_chosen_(number) {}

// Chooses scenarios in turn, in the proportions of their weights, whatever the number of connections.
const Scenario& Player::choose_scenario() noexcept {
  std::uint64_t total = 0;
  for (const Scenario& scenario : script_.scenarios) total += scenario.weight;
  std::uint64_t place = scenarios_chosen_++ % total;
  for (const Scenario& scenario : script_.scenarios) {
    if (place < scenario.weight) return scenario;
    place -= scenario.weight;
  }
  return script_.scenarios.front();
}

Task<> Player::run() {
  ++state_.running;
  while (!state_.is_ending()) {
    auto played = co_await play(choose_scenario());
    disconnect();
    if (played || ended_) continue;
    auto slept = co_await state_.until_drained.sleep(pause_after_failure);
    if (!slept) break;
  }
  --state_.running;
}

Task<bool> Player::play(const Scenario& scenario) {
  auto connected = co_await connect();
  if (!connected) co_return false;
  rounds_.assign(scenario.steps.size(), 0);
  expects_ = has_step(scenario, {Kind::expect, Kind::expect_line});
  keeps_input_ = expects_ || has_step(scenario, {Kind::expect_end});
  std::size_t index = 0;
  while (index < scenario.steps.size() && !ended_) {
    const ScriptStep& now = scenario.steps[index];
    if (!may_run(now)) co_return true;
    if (now.kind == Kind::repeat) {
      const bool is_over = now.count != 0 && rounds_[index]++ == now.count;
      if (is_over) rounds_[index] = 0;
      index = is_over ? now.target : index + 1;
    } else if (now.kind == Kind::end) {
      index = now.target;
    } else {
      auto done = co_await run_step(now);
      if (!done) co_return false;
      ++index;
    }
  }
  co_return true;
}

// A player that finishes may run only steps that lead to the replies that it waits for. Another round is allowed only if
// the last one brought replies.
bool Player::may_run(const ScriptStep& step) noexcept {
  if (!state_.is_ending()) return true;
  if (in_flight() == 0) return false;
  if (step.kind == Kind::end) {
    if (in_flight() == in_flight_before_) return false;
    in_flight_before_ = in_flight();
  }
  return step.kind == Kind::repeat || step.kind == Kind::end || step.kind == Kind::sleep ||
         step.kind == Kind::expect || step.kind == Kind::expect_line;
}

Task<bool> Player::run_step(const ScriptStep& step) {
  bool done = true;
  if (step.kind == Kind::connect) {
    if (is_unused_) co_return true;  // a connect at the beginning is implied
    disconnect();
    done = co_await connect();
    co_return done;
  }
  is_unused_ = false;
  if (step.kind == Kind::sleep) {
    done = co_await pause_for(step.duration);
    co_return done;
  }
  if (step.kind == Kind::reset) co_return reset();
  if (step.kind == Kind::close) disconnect();
  if (step.kind == Kind::slow_read) read_rate_ = step.count;
  if (step.kind == Kind::half_close) {
    const auto closed = conn_->close_write();
    if (!closed) co_return record_failure("shutdown", closed.error());
  }
  if (step.kind == Kind::send || step.kind == Kind::trickle) {
    done = co_await send(step);
  } else if (step.kind == Kind::expect || step.kind == Kind::expect_line) {
    done = co_await await_reply(step);
  } else if (step.kind == Kind::expect_end) {
    done = co_await expect_end(step);
  }
  co_return done;
}

Task<bool> Player::connect() {
  DialOptions options = dial_options(state_.options.address, number_, state_.options.timeout);
  options.before_connect = [this, before = std::move(options.before_connect)](
                               int fd, Network network, const Address& address) -> Result<void> {
    fd_ = fd;
    return before ? before(fd, network, address) : Result<void>();
  };
  options.context = &state_.until_drained;
  const Time begun = monotonic_now();
  auto dialled = co_await dial(state_.reactor, state_.options.address, std::move(options));
  if (!dialled) {
    state_.dial_failed();
    co_return record_failure("connect", dialled.error());
  }
  state_.recorder.connected(monotonic_now() - begun);
  ++state_.recorder.result().connections_opened;
  ++state_.open;
  conn_.emplace(std::move(*dialled));
  is_unused_ = true;
  co_return !ended_;
}

Task<bool> Player::send(const ScriptStep& step) {
  const std::uint64_t sequence = next_sequence_++;
  const std::string text = text_of(step, sequence);
  if (expects_ && in_flight() == most_unanswered) co_return record_too_few_expects(step);
  state_.recorder.sent(state_.reactor.now(), state_.reactor.now(), 1);
  if (expects_) unanswered_.push_back({sequence, state_.reactor.now()});
  std::size_t piece = step.kind == Kind::trickle ? step.count : text.size();
  if (read_rate_ > 0) piece = std::min(piece, Conn::low_watermark);  // write() does not suspend then
  std::string_view left = text;
  while (!left.empty()) {
    if (left.size() < text.size()) {
      auto passed = co_await pause_for(step.duration);
      if (!passed) co_return false;
    }
    auto written = co_await write(left.substr(0, piece));
    if (!written) co_return false;
    left.remove_prefix(std::min(piece, left.size()));
  }
  if (expects_) unanswered_.back().sent = state_.reactor.now();
  if (++sends_ % sends_per_turn == 0) {
    co_await state_.reactor.next_turn();
  }
  co_return true;
}

Task<bool> Player::write(std::string_view bytes) {
  const Time deadline = state_.reactor.now() + state_.options.timeout;
  auto set = conn_->set_write_deadline(deadline);
  // A slow reader goes on reading while the server takes nothing.
  Duration pause{0};
  while (read_rate_ > 0) {
    auto passed = co_await pause_for(pause);
    if (!passed || state_.is_ending()) co_return false;
    if (conn_->unsent() < Conn::low_watermark || state_.reactor.now() >= deadline) break;
    pause = slow_read_interval;
  }
  auto written = co_await conn_->write(bytes);
  if (!written) co_return record_failure("write", written.error());
  if (!conn_) co_return false;
  conn_->send_now();
  state_.recorder.transferred(0, bytes.size(), state_.reactor.now());
  co_return true;
}

std::uint64_t Player::reply_sequence() const noexcept {
  if (!unanswered_.empty()) return unanswered_.front().sequence;
  return next_sequence_ > 0 ? next_sequence_ - 1 : 0;
}

bool Player::reset() {
  system::reset_on_close(fd_);
  conn_->abort();
  disconnect();
  return true;
}

// Closes the connection in order, in the background.
void Player::disconnect() noexcept {
  if (conn_) --state_.open;
  conn_.reset();
  input_.clear();
  unanswered_.clear();
  read_rate_ = 0;
  next_read_ = Time::past();
}

void Player::fail_unanswered() {
  if (!ended_ && in_flight() > 0) {
    state_.recorder.failed("reply timeout",
                           "connection " + std::to_string(number_) +
                               ": no reply until nothing was waited for any more, " +
                               std::to_string(in_flight()) + " in flight",
                           in_flight());
    record_unanswered();
  }
  end();
}

void Player::record_unanswered() {
  const Time now = monotonic_now();
  for (const Request& request : unanswered_) state_.recorder.unanswered(request.sent, request.sent, now, 1);
}

void Player::finish() noexcept {
  if (in_flight() == 0) end();
}

void Player::end() noexcept {
  ended_ = true;
  if (conn_) conn_->abort();
}

// A reply in several parts counts as answered with its first part.
void Player::record_answer() {
  if (unanswered_.empty()) return;
  const Time sent = unanswered_.front().sent;
  state_.recorder.answered(sent, sent, state_.reactor.now(), 1);
  unanswered_.pop_front();
}

bool Player::record_failure(std::string_view phase, const Error& error) {
  if (ended_ || error.is_cancelled()) return false;
  const std::string connection = "connection " + std::to_string(number_);
  if (phase == "read" && error.timeout()) {
    state_.recorder.failed("reply timeout",
                           connection + ": nothing within " + duration_text(state_.options.timeout),
                           std::max<std::size_t>(in_flight(), 1));
  } else if (phase == "connect") {
    state_.recorder.failed(error_name(phase, error), connection + ": " + dial_failure(error));
  } else if (in_flight() > 0) {
    state_.recorder.failed(error_name("reply lost", error),
                           connection + ": " + (error.is_eof() ? "the server ended it" : error.text()) +
                               " with " + std::to_string(in_flight()) + " requests unanswered",
                           in_flight());
  } else {
    state_.recorder.failed(error_name(phase, error), connection + ": " + error.text());
  }
  record_unanswered();
  return false;
}

bool Player::record_too_few_expects(const ScriptStep& step) {
  state_.recorder.failed("reply unexpected",
                         script_.name + ":" + std::to_string(step.line) + ": connection " +
                             std::to_string(number_) + ": " + std::to_string(most_unanswered) +
                             " requests wait for their expect: the script has too few",
                         in_flight());
  record_unanswered();
  return false;
}

bool Player::record_mismatch(const ScriptStep& step, std::string_view wanted, std::string_view got) {
  if (ended_) return false;
  state_.recorder.failed("reply mismatch",
                         script_.name + ":" + std::to_string(step.line) + ": connection " +
                             std::to_string(number_) + ": expected " +
                             (step.kind == Kind::expect_end ? "the end" : quoted_bytes(wanted)) + ", got " +
                             quoted_bytes(got));
  if (in_flight() > 1) {
    state_.recorder.failed("reply lost mismatch",
                           "connection " + std::to_string(number_) + ": nothing can be told of " +
                               std::to_string(in_flight() - 1) + " requests behind a wrong reply",
                           in_flight() - 1);
  }
  record_unanswered();
  return false;
}

std::string Player::text_of(const ScriptStep& step, std::uint64_t sequence) {
  Buffer text;
  step.text.fill({sequence, number_, state_.options.seed}, state_.reactor.buffers(), text);
  return std::string(text.view());
}

}  // namespace reactord::load
