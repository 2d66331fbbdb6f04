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
constexpr std::uint64_t sends_per_turn = 256;       // lest one whose server takes all keeps the loop
constexpr std::size_t most_unanswered = 16 * 1024;  // requests of a connection, then it is ended as an error

bool has_step(const Scenario& scenario, std::initializer_list<ScriptStep::Kind> kinds) {
  return std::ranges::any_of(scenario.steps, [kinds](const ScriptStep& step) {
    return std::ranges::find(kinds, step.kind) != kinds.end();
  });
}

}  // namespace

Player::Player(Common& common, const Script& script, std::uint64_t number)
    : common_(common), script_(script), number_(number), chosen_(number) {}

// In turns that have the weights' proportions, whatever the number of connections.
const Scenario& Player::choose() noexcept {
  std::uint64_t total = 0;
  for (const Scenario& scenario : script_.scenarios) total += scenario.weight;
  std::uint64_t place = chosen_++ % total;
  for (const Scenario& scenario : script_.scenarios) {
    if (place < scenario.weight) return scenario;
    place -= scenario.weight;
  }
  return script_.scenarios.front();
}

Task<> Player::run() {
  ++common_.running;
  while (!common_.is_ending()) {
    auto played = co_await play(choose());
    leave();
    if (played || ended_) continue;
    auto slept = co_await common_.until_drained.sleep(pause_after_failure);
    if (!slept) break;
  }
  --common_.running;
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
    if (!may_do(now)) co_return true;
    if (now.kind == Kind::repeat) {
      const bool is_over = now.count != 0 && rounds_[index]++ == now.count;
      if (is_over) rounds_[index] = 0;
      index = is_over ? now.target : index + 1;
    } else if (now.kind == Kind::end) {
      index = now.target;
    } else {
      auto done = co_await step(now);
      if (!done) co_return false;
      ++index;
    }
  }
  co_return true;
}

// While it finishes, what leads to the replies that it waits for; and another round only if the last one has brought some.
bool Player::may_do(const ScriptStep& step) noexcept {
  if (!common_.is_ending()) return true;
  if (in_flight() == 0) return false;
  if (step.kind == Kind::end) {
    if (in_flight() == in_flight_before_) return false;
    in_flight_before_ = in_flight();
  }
  return step.kind == Kind::repeat || step.kind == Kind::end || step.kind == Kind::sleep ||
         step.kind == Kind::expect || step.kind == Kind::expect_line;
}

Task<bool> Player::step(const ScriptStep& step) {
  bool done = true;
  if (step.kind == Kind::connect) {
    if (is_fresh_) co_return true;  // it is implied at the beginning
    leave();
    done = co_await connect();
    co_return done;
  }
  is_fresh_ = false;
  if (step.kind == Kind::sleep) {
    done = co_await pass(step.duration);
    co_return done;
  }
  if (step.kind == Kind::reset) co_return reset();
  if (step.kind == Kind::close) leave();
  if (step.kind == Kind::slow_read) bytes_a_second_ = step.count;
  if (step.kind == Kind::half_close) {
    const auto closed = conn_->close_write();
    if (!closed) co_return failed("shutdown", closed.error());
  }
  if (step.kind == Kind::send || step.kind == Kind::trickle) {
    done = co_await send(step);
  } else if (step.kind == Kind::expect || step.kind == Kind::expect_line) {
    done = co_await wait_for(step);
  } else if (step.kind == Kind::expect_end) {
    done = co_await expect_end(step);
  }
  co_return done;
}

Task<bool> Player::connect() {
  DialOptions options = dial_options(common_.options.address, number_, common_.options.timeout);
  options.before_connect = [this, before = std::move(options.before_connect)](
                               int fd, Network network, const Address& address) -> Result<void> {
    fd_ = fd;
    return before ? before(fd, network, address) : Result<void>();
  };
  options.context = &common_.until_drained;
  const Time begun = monotonic_now();
  auto dialled = co_await dial(common_.reactor, common_.options.address, std::move(options));
  if (!dialled) {
    common_.dial_failed();
    co_return failed("connect", dialled.error());
  }
  common_.recorder.connected(monotonic_now() - begun);
  ++common_.recorder.result().connections_opened;
  ++common_.open;
  conn_.emplace(std::move(*dialled));
  is_fresh_ = true;
  co_return !ended_;
}

Task<bool> Player::send(const ScriptStep& step) {
  const std::uint64_t sequence = next_sequence_++;
  const std::string text = text_of(step, sequence);
  if (expects_ && in_flight() == most_unanswered) co_return expects_too_little(step);
  common_.recorder.sent(common_.reactor.now(), common_.reactor.now(), 1);
  if (expects_) unanswered_.push_back({sequence, common_.reactor.now()});
  std::size_t piece = step.kind == Kind::trickle ? step.count : text.size();
  if (bytes_a_second_ > 0) piece = std::min(piece, Conn::low_watermark);  // what write() need not wait for
  std::string_view left = text;
  while (!left.empty()) {
    if (left.size() < text.size()) {
      auto passed = co_await pass(step.duration);
      if (!passed) co_return false;
    }
    auto written = co_await write(left.substr(0, piece));
    if (!written) co_return false;
    left.remove_prefix(std::min(piece, left.size()));
  }
  if (expects_) unanswered_.back().sent = common_.reactor.now();  // all of it
  if (++sends_ % sends_per_turn == 0) {
    co_await common_.reactor.next_turn();
  }
  co_return true;
}

Task<bool> Player::write(std::string_view bytes) {
  const Time deadline = common_.reactor.now() + common_.options.timeout;
  auto set = conn_->set_write_deadline(deadline);
  // A slow reader reads on, also while the server takes nothing.
  Duration pause{0};
  while (bytes_a_second_ > 0) {
    auto passed = co_await pass(pause);
    if (!passed || common_.is_ending()) co_return false;
    if (conn_->unsent() < Conn::low_watermark || common_.reactor.now() >= deadline) break;
    pause = between_slow_reads;
  }
  auto written = co_await conn_->write(bytes);
  if (!written) co_return failed("write", written.error());
  if (!conn_) co_return false;
  conn_->send_now();
  common_.recorder.moved(0, bytes.size(), common_.reactor.now());
  co_return true;
}

std::uint64_t Player::sequence_of_reply() const noexcept {
  if (!unanswered_.empty()) return unanswered_.front().sequence;
  return next_sequence_ > 0 ? next_sequence_ - 1 : 0;
}

bool Player::reset() {
  system::reset_on_close(fd_);
  conn_->abort();
  leave();
  return true;
}

// In order, in the background.
void Player::leave() noexcept {
  if (conn_) --common_.open;
  conn_.reset();
  input_.clear();
  unanswered_.clear();
  bytes_a_second_ = 0;
  next_read_ = Time::past();
}

void Player::fail_unanswered() {
  if (!ended_ && in_flight() > 0) {
    common_.recorder.failed("reply timeout",
                            "connection " + std::to_string(number_) +
                                ": no reply until nothing was waited for any more, " +
                                std::to_string(in_flight()) + " in flight",
                            in_flight());
    lose_unanswered();
  }
  end();
}

void Player::lose_unanswered() {
  const Time now = monotonic_now();
  for (const Request& request : unanswered_) common_.recorder.unanswered(request.sent, request.sent, now, 1);
}

void Player::finish() noexcept {
  if (in_flight() == 0) end();
}

void Player::end() noexcept {
  ended_ = true;
  if (conn_) conn_->abort();
}

// A reply in several parts is answered with its first.
void Player::answered() {
  if (unanswered_.empty()) return;
  const Time sent = unanswered_.front().sent;
  common_.recorder.answered(sent, sent, common_.reactor.now(), 1);
  unanswered_.pop_front();
}

bool Player::failed(std::string_view phase, const Error& error) {
  if (ended_ || error.is_cancelled()) return false;
  const std::string connection = "connection " + std::to_string(number_);
  if (phase == "read" && error.timeout()) {
    common_.recorder.failed("reply timeout",
                            connection + ": nothing within " + duration_text(common_.options.timeout),
                            std::max<std::size_t>(in_flight(), 1));
  } else if (phase == "connect") {
    common_.recorder.failed(error_name(phase, error), connection + ": " + dial_failure(error));
  } else if (in_flight() > 0) {
    common_.recorder.failed(error_name("reply lost", error),
                            connection + ": " + (error.is_eof() ? "the server ended it" : error.text()) +
                                " with " + std::to_string(in_flight()) + " requests unanswered",
                            in_flight());
  } else {
    common_.recorder.failed(error_name(phase, error), connection + ": " + error.text());
  }
  lose_unanswered();
  return false;
}

bool Player::expects_too_little(const ScriptStep& step) {
  common_.recorder.failed("reply unexpected",
                          script_.name + ":" + std::to_string(step.line) + ": connection " +
                              std::to_string(number_) + ": " + std::to_string(most_unanswered) +
                              " requests wait for their expect: the script has too few",
                          in_flight());
  lose_unanswered();
  return false;
}

bool Player::differs(const ScriptStep& step, std::string_view wanted, std::string_view got) {
  if (ended_) return false;
  common_.recorder.failed("reply mismatch", script_.name + ":" + std::to_string(step.line) + ": connection " +
                                                std::to_string(number_) + ": expected " +
                                                (step.kind == Kind::expect_end ? "the end" : shown(wanted)) +
                                                ", got " + shown(got));
  if (in_flight() > 1) {
    common_.recorder.failed("reply lost mismatch",
                            "connection " + std::to_string(number_) + ": nothing can be told of " +
                                std::to_string(in_flight() - 1) + " requests behind a wrong reply",
                            in_flight() - 1);
  }
  lose_unanswered();
  return false;
}

std::string Player::text_of(const ScriptStep& step, std::uint64_t sequence) {
  Buffer text;
  step.text.fill({sequence, number_, common_.options.seed}, common_.reactor.buffers(), text);
  return std::string(text.view());
}

}  // namespace reactord::load
