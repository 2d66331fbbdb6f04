#include "load/engine/connection.hpp"

#include <algorithm>
#include <utility>

#include "base/quantity.hpp"
#include "load/engine/source.hpp"
#include "reactord/dial.hpp"

namespace reactord::load {
namespace {

constexpr Duration shortest_pause = 50ms, longest_pause = 800ms;
// Connections for one request each take turns in so many source addresses: each leaves a port in TIME_WAIT.
constexpr std::uint64_t sources_in_turn = 16;

}  // namespace

Connection::Connection(EngineState& state, std::uint64_t number) : state_(state), number_(number) {
  if (state.templates != nullptr) exchange_.emplace(*state.templates, number);
}

Task<bool> Connection::open() {
  std::uint64_t source = number_;
  if (state_.options.connection_per_request) {
    source = state_.one_request_connections++ % sources_in_turn * connections_per_source;
  }
  const Time begun = monotonic_now();
  DialOptions how = dial_options(state_.options.address, source, state_.options.timeout);
  // A request waits for the dial of its own connection.
  how.context = requesting_once_ ? &state_.until_over : &state_.until_drained;
  auto dialled = co_await dial(state_.reactor, state_.options.address, std::move(how));
  if (!dialled) {
    if (dialled.error().is_cancelled()) co_return false;
    state_.recorder.failed(error_name("connect", dialled.error()), dial_failure(dialled.error()));
    co_return false;
  }
  connect_took_ = monotonic_now() - begun;
  state_.recorder.connected(connect_took_);
  ++state_.recorder.result().connections_opened;
  ++state_.open;
  conn_.emplace(std::move(*dialled));
  awaits_first_byte_ = true;
  failure_recorded_ = false;
  pause_ = 0ms;
  co_return true;
}

Task<> Connection::run() {
  ++state_.running;
  while (!state_.is_ending()) {
    if (!is_open()) {
      auto opened = co_await redial();
      if (!opened) continue;
    }
    if (state_.is_sending()) send_more();
    co_await exchange_until_end();
    drop_conn();
  }
  --state_.running;
}

Task<bool> Connection::redial() {
  pause_ = std::clamp(pause_ * 2, shortest_pause, longest_pause);
  const Duration pause = pause_;
  auto slept = co_await state_.until_drained.sleep(pause);
  if (!slept || state_.is_ending()) co_return false;
  auto opened = co_await open();
  if (!opened) pause_ = pause;
  co_return opened;
}

Task<> Connection::exchange_until_end() {
  while (true) {
    auto count = co_await conn_->read(state_.incoming);
    if (!count) {
      record_loss(count.error());
      co_return;
    }
    const Time now = state_.reactor.now();
    if (!receive(std::string_view(state_.incoming.data(), *count), now)) co_return;
    if (state_.is_ending() && in_flight() == 0) co_return;
    if (state_.is_sending()) send_more();
  }
}

Task<> Connection::run_connection_per_request() {
  ++state_.running;
  while (!state_.is_ending()) {
    const bool was_refused = pause_ > 0ms;
    if (was_refused) {
      const Duration pause = pause_;
      auto slept = co_await state_.until_drained.sleep(pause);
      if (!slept) break;
    }
    co_await request_once(state_.reactor.now());
  }
  --state_.running;
}

Task<> Connection::request_once(Time due) {
  ++state_.running;
  requesting_once_ = true;
  const Time now = monotonic_now();
  const Duration pause = pause_;
  auto opened = co_await open();
  if (opened) {
    state_.recorder.sent(due, now, 1);
    exchange_->add_requests(due, now, 1, state_.outgoing);
    send_outgoing();
    while (in_flight() > 0) {
      auto count = co_await conn_->read(state_.incoming);
      if (!count) {
        record_loss(count.error());
        break;
      }
      if (!receive(std::string_view(state_.incoming.data(), *count), state_.reactor.now())) break;
    }
    drop_conn();
  } else {
    state_.recorder.never_sent(due, monotonic_now(), 1);
    state_.dial_failed();
    pause_ = std::clamp(pause * 2, shortest_pause, longest_pause);
  }
  requesting_once_ = false;
  --state_.running;
  if (state_.on_free != nullptr) state_.on_free(state_.pacer, *this);
}

bool Connection::can_send() const noexcept {
  if (state_.options.connection_per_request) return !requesting_once_;
  return conn_ && exchange_->has_room() && !failure_recorded_ && conn_->unsent() < Conn::low_watermark;
}

void Connection::send(Time due, Time now) {
  exchange_->add_requests(due, now, 1, state_.outgoing);
  state_.recorder.sent(due, now, 1);
  send_outgoing();
}

void Connection::send_more() {
  if (state_.on_free != nullptr) return state_.on_free(state_.pacer, *this);
  if (!can_send()) return;
  const Time now = state_.reactor.now();
  const std::size_t count = exchange_->room(Conn::low_watermark);
  exchange_->add_requests(now, now, count, state_.outgoing);
  state_.recorder.sent(now, now, count);
  send_outgoing();
}

// Sends at once: the server need not wait until all other connections have had their turn.
void Connection::send_outgoing() {
  Buffer& outgoing = state_.outgoing;
  if (outgoing.empty()) return;
  state_.recorder.transferred(0, outgoing.size(), state_.reactor.now());
  // The write does not suspend: less than low_watermark was unsent, and longest_request fits on top of it. A write that
  // fails is recorded by the read.
  auto write = conn_->write(outgoing.view());
  if (write.await_ready() && write.failure() == 0) conn_->send_now();
  outgoing.rewind();
}

bool Connection::receive(std::string_view bytes, Time now) {
  if (awaits_first_byte_ && in_flight() > 0) {
    awaits_first_byte_ = false;
    state_.recorder.first_byte(state_.options.connection_per_request
                                   ? now - exchange_->oldest().sent
                                   : connect_took_ + (now - exchange_->oldest().sent));
  }
  state_.recorder.transferred(bytes.size(), 0, now);
  const bool right = exchange_->receive(bytes, [&](const Exchange::Pending& pending, std::size_t count) {
    state_.recorder.answered(pending.due, pending.sent, now, count);
  });
  if (right) return true;
  state_.recorder.failed("reply mismatch", exchange_->mismatch());
  failure_recorded_ = true;
  if (in_flight() > 1) {  // the mismatched request is one of them
    state_.recorder.failed("reply lost mismatch",
                           "connection " + std::to_string(number_) + ": nothing can be told of " +
                               std::to_string(in_flight() - 1) + " requests behind a wrong reply",
                           in_flight() - 1);
  }
  return false;
}

void Connection::record_loss(const Error& error) {
  if (failure_recorded_ || (state_.is_ending() && in_flight() == 0)) return;
  if (in_flight() > 0) {
    state_.recorder.failed(error_name("reply lost", error),
                           "connection " + std::to_string(number_) + ": " +
                               (error.is_eof() ? "the server ended it" : error.text()) + " with " +
                               std::to_string(in_flight()) + " requests unanswered",
                           in_flight());
    return;
  }
  state_.recorder.failed(
      error_name("read", error),
      error.is_eof() ? "the server ended connection " + std::to_string(number_) : error.text());
}

void Connection::fail_if_late(Time now) {
  if (!conn_ || in_flight() == 0 || failure_recorded_) return;
  if (now - exchange_->oldest().sent >= state_.options.timeout) record_timeout(state_.options.timeout);
}

void Connection::fail_unanswered() {
  if (!conn_) return;
  if (in_flight() > 0 && !failure_recorded_)
    return record_timeout(monotonic_now() - exchange_->oldest().sent);
  conn_->abort();
}

void Connection::record_timeout(Duration waited) {
  failure_recorded_ = true;
  state_.recorder.failed("reply timeout",
                         "connection " + std::to_string(number_) + ": no reply within " +
                             duration_text(std::chrono::round<std::chrono::milliseconds>(waited)) + ", " +
                             std::to_string(in_flight()) + " in flight",
                         in_flight());
  conn_->abort();
}

void Connection::end_if_idle() noexcept {
  if (conn_ && in_flight() == 0) conn_->abort();
}

// Records the requests in flight as unanswered, whatever ended the connection.
void Connection::drop_conn() {
  const Time now = monotonic_now();
  exchange_->for_each_pending([&](const Exchange::Pending& pending) {
    state_.recorder.unanswered(pending.due, pending.sent, now, pending.count);
  });
  conn_.reset();
  exchange_->restart();
  --state_.open;
}

}  // namespace reactord::load
