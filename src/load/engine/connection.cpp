#include "load/engine/connection.hpp"

#include <algorithm>
#include <utility>

#include "base/quantity.hpp"
#include "load/engine/source.hpp"
#include "reactord/dial.hpp"

namespace reactord::load {
namespace {

constexpr Duration shortest_pause = 50ms, longest_pause = 800ms;
constexpr std::uint64_t visit_sources = 16;  // that visits take turns in: each leaves a port in TIME_WAIT

}  // namespace

Connection::Connection(Common& common, std::uint64_t number) : common_(common), number_(number) {
  if (common.texts != nullptr) exchange_.emplace(*common.texts, number);
}

Task<bool> Connection::open() {
  std::uint64_t source = number_;
  if (common_.options.connection_per_request) {
    source = common_.visits++ % visit_sources * connections_per_source;
  }
  const Time begun = monotonic_now();
  DialOptions how = dial_options(common_.options.address, source, common_.options.timeout);
  how.context = visiting_ ? &common_.until_over : &common_.until_drained;  // a request waits for a visit's
  auto dialled = co_await dial(common_.reactor, common_.options.address, std::move(how));
  if (!dialled) {
    if (dialled.error().is_cancelled()) co_return false;
    common_.recorder.failed(error_name("connect", dialled.error()), dial_failure(dialled.error()));
    co_return false;
  }
  connect_took_ = monotonic_now() - begun;
  common_.recorder.connected(connect_took_);
  ++common_.recorder.result().connections_opened;
  ++common_.open;
  conn_.emplace(std::move(*dialled));
  awaits_first_byte_ = true;
  failure_is_told_ = false;
  pause_ = 0ms;
  co_return true;
}

Task<> Connection::run() {
  ++common_.running;
  while (!common_.is_ending()) {
    if (!is_open()) {
      auto opened = co_await redial();
      if (!opened) continue;
    }
    if (common_.is_sending()) send_more();
    co_await exchange_until_end();
    forget_conn();
  }
  --common_.running;
}

Task<bool> Connection::redial() {
  pause_ = std::clamp(pause_ * 2, shortest_pause, longest_pause);
  const Duration pause = pause_;
  auto slept = co_await common_.until_drained.sleep(pause);
  if (!slept || common_.is_ending()) co_return false;
  auto opened = co_await open();
  if (!opened) pause_ = pause;
  co_return opened;
}

Task<> Connection::exchange_until_end() {
  while (true) {
    auto count = co_await conn_->read(common_.incoming);
    if (!count) {
      lost(count.error());
      co_return;
    }
    const Time now = common_.reactor.now();
    if (!take(std::string_view(common_.incoming.data(), *count), now)) co_return;
    if (common_.is_ending() && in_flight() == 0) co_return;
    if (common_.is_sending()) send_more();
  }
}

Task<> Connection::run_visits() {
  ++common_.running;
  while (!common_.is_ending()) {
    const bool was_refused = pause_ > 0ms;
    if (was_refused) {
      const Duration pause = pause_;
      auto slept = co_await common_.until_drained.sleep(pause);
      if (!slept) break;
    }
    co_await visit(common_.reactor.now());
  }
  --common_.running;
}

Task<> Connection::visit(Time due) {
  ++common_.running;
  visiting_ = true;
  const Time now = monotonic_now();
  const Duration pause = pause_;
  auto opened = co_await open();
  if (opened) {
    common_.recorder.sent(due, now, 1);
    exchange_->request(due, now, 1, common_.outgoing);
    send_outgoing();
    while (in_flight() > 0) {
      auto count = co_await conn_->read(common_.incoming);
      if (!count) {
        lost(count.error());
        break;
      }
      if (!take(std::string_view(common_.incoming.data(), *count), common_.reactor.now())) break;
    }
    forget_conn();
  } else {
    common_.recorder.never_sent(due, monotonic_now(), 1);
    common_.dial_failed();
    pause_ = std::clamp(pause * 2, shortest_pause, longest_pause);
  }
  visiting_ = false;
  --common_.running;
  if (common_.on_free != nullptr) common_.on_free(common_.pacer, *this);
}

bool Connection::can_send() const noexcept {
  if (common_.options.connection_per_request) return !visiting_;
  return conn_ && exchange_->has_room() && !failure_is_told_ && conn_->unsent() < Conn::low_watermark;
}

void Connection::send(Time due, Time now) {
  exchange_->request(due, now, 1, common_.outgoing);
  common_.recorder.sent(due, now, 1);
  send_outgoing();
}

void Connection::send_more() {
  if (common_.on_free != nullptr) return common_.on_free(common_.pacer, *this);
  if (!can_send()) return;
  const Time now = common_.reactor.now();
  const std::size_t count = exchange_->room(Conn::low_watermark);
  exchange_->request(now, now, count, common_.outgoing);
  common_.recorder.sent(now, now, count);
  send_outgoing();
}

// At once: a server of many connections is then not kept waiting until all others have been looked at.
void Connection::send_outgoing() {
  Buffer& outgoing = common_.outgoing;
  if (outgoing.empty()) return;
  common_.recorder.moved(0, outgoing.size(), common_.reactor.now());
  // It does not suspend: less than low_watermark was unsent, and what comes on top fits (longest_request). Where the
  // connection is gone, the read tells how.
  auto write = conn_->write(outgoing.view());
  if (write.await_ready() && write.failure() == 0) conn_->send_now();
  outgoing.rewind();
}

bool Connection::take(std::string_view bytes, Time now) {
  if (awaits_first_byte_ && in_flight() > 0) {
    awaits_first_byte_ = false;
    common_.recorder.first_byte(common_.options.connection_per_request
                                    ? now - exchange_->oldest().sent
                                    : connect_took_ + (now - exchange_->oldest().sent));
  }
  common_.recorder.moved(bytes.size(), 0, now);
  const bool right = exchange_->take(bytes, [&](const Exchange::Pending& pending, std::size_t count) {
    common_.recorder.answered(pending.due, pending.sent, now, count);
  });
  if (right) return true;
  common_.recorder.failed("reply mismatch", exchange_->mismatch());
  failure_is_told_ = true;
  if (in_flight() > 1) {  // itself is one of them
    common_.recorder.failed("reply lost mismatch",
                            "connection " + std::to_string(number_) + ": nothing can be told of " +
                                std::to_string(in_flight() - 1) + " requests behind a wrong reply",
                            in_flight() - 1);
  }
  return false;
}

void Connection::lost(const Error& error) {
  if (failure_is_told_ || (common_.is_ending() && in_flight() == 0)) return;
  if (in_flight() > 0) {
    common_.recorder.failed(error_name("reply lost", error),
                            "connection " + std::to_string(number_) + ": " +
                                (error.is_eof() ? "the server ended it" : error.text()) + " with " +
                                std::to_string(in_flight()) + " requests unanswered",
                            in_flight());
    return;
  }
  common_.recorder.failed(
      error_name("read", error),
      error.is_eof() ? "the server ended connection " + std::to_string(number_) : error.text());
}

void Connection::fail_if_late(Time now) {
  if (!conn_ || in_flight() == 0 || failure_is_told_) return;
  if (now - exchange_->oldest().sent >= common_.options.timeout) tell_unanswered(common_.options.timeout);
}

void Connection::fail_unanswered() {
  if (!conn_) return;
  if (in_flight() > 0 && !failure_is_told_)
    return tell_unanswered(monotonic_now() - exchange_->oldest().sent);
  conn_->abort();
}

void Connection::tell_unanswered(Duration waited) {
  failure_is_told_ = true;
  common_.recorder.failed("reply timeout",
                          "connection " + std::to_string(number_) + ": no reply within " +
                              duration_text(std::chrono::round<std::chrono::milliseconds>(waited)) + ", " +
                              std::to_string(in_flight()) + " in flight",
                          in_flight());
  conn_->abort();
}

void Connection::end_if_idle() noexcept {
  if (conn_ && in_flight() == 0) conn_->abort();
}

// Requests in flight then will not be answered any more, whatever the cause.
void Connection::forget_conn() {
  const Time now = monotonic_now();
  exchange_->for_each_pending([&](const Exchange::Pending& pending) {
    common_.recorder.unanswered(pending.due, pending.sent, now, pending.count);
  });
  conn_.reset();
  exchange_->restart();
  --common_.open;
}

}  // namespace reactord::load
