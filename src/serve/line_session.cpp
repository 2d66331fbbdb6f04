#include "serve/line_session.hpp"

#include <new>
#include <utility>

namespace reactord {

LineSession::LineSession(Service& service, Conn served)
    : LineExchange(service, std::move(served)), wait_(endpoint(), input_, take_lines) {
  conn().reactor().work_began();
  if (is_draining()) begin_drain();
  look_in_time();
}

LineSession::~LineSession() { server().reactor().work_ended(); }

void LineSession::begin(Begin when) {
  if (when == Begin::later || is_answered()) return wait_.begin_from_queue(conn().reactor(), opened, this);
  open();
  wait_.become(ended_by_ ? Step::turn : Step::bytes, endpoint(), input_, take());
  if (!ended_by_ || goes_on()) run();  // the turn has come
}

void LineSession::opened(void* session) {
  auto& self = *static_cast<LineSession*>(session);
  self.server().resumed(self);
  if (!self.endpoint().is_closed()) self.open();
  if (self.goes_on()) self.run();
}

// Runs until there is something to wait for. Deletes itself at the end.
void LineSession::run() {
  while (wait_.begin(conn().reactor(), resumed, this)) {
    if (!goes_on()) return;
  }
}

std::size_t LineSession::take_lines(ReadOperation& operation, std::string_view bytes) noexcept {
  auto& self = *static_cast<LineSession*>(operation.state);
  return self.deliver_or_end(bytes, *self.service().handler().lines());
}

void LineSession::resumed(void* session) {
  auto& self = *static_cast<LineSession*>(session);
  self.server().resumed(self);
  if (self.goes_on()) self.run();
}

// False: the session is deleted.
bool LineSession::goes_on() {
  const Outcome outcome = advance();
  if (outcome == Outcome::waits) return true;
  if (outcome == Outcome::ended) report();
  delete this;
  return false;
}

// Called when the wait is over: does the possible work and chooses the next wait.
LineSession::Outcome LineSession::advance() {
  const Step over = wait_.step();
  if (over == Step::finish) return Outcome::ended;
  const int failure = failure_of_wait();
  const bool must_look =
      failure == failure_of(ErrorCode::deadline_exceeded) || failure == failure_of(ErrorCode::interrupted);
  if (!must_look && failure != 0) failure_ = static_cast<std::int16_t>(failure);
  const std::uint64_t before = lines_;
  if (over == Step::room && failure == 0) since_ = now();  // the idle time stood still: no read ran
  const bool is_cut_short = failure == failure_of(ErrorCode::closed);
  if (over == Step::bytes ? failure != 0 && !is_cut_short : failure == 0) deliver_what_is_left();
  if (ended_by_ == EndCause::finished && failure_ == 0) {
    if (StreamHandler* const next = server().delivery().take_next(*this)) return hand_over(*next);
  }
  if (!ended_by_ && failure_ != 0) input_ended();
  if (!ended_by_ && must_look) look();
  Step next = next_step();
  // A turn has one delivery: the next bytes would be a second one.
  if (next == Step::bytes && lines_ != before && endpoint().is_readable()) next = Step::turn;
  if (next == Step::bytes) look_in_time();
  before_wait();
  wait_.become(next, endpoint(), input_, take());
  holds();
  return Outcome::waits;
}

int LineSession::failure_of_wait() noexcept {
  const bool is_given_up = wait_.step() == Step::turn && endpoint().is_retired();  // before its turn came
  return is_given_up ? failure_of(ErrorCode::closed) : wait_.failure();
}

void LineSession::deliver_what_is_left() {
  if (ended_by_) return;
  input_.consume(deliver_or_end(input_.view(), handler()) & ~ReadOperation::resume_bit);
}

LineSession::Step LineSession::next_step() noexcept {
  if (ended_by_) return Step::finish;
  if (wants_room()) return Step::room;
  return has_line() ? Step::turn : Step::bytes;
}

// Without memory the connection ends here.
LineSession::Outcome LineSession::hand_over(StreamHandler& handler) noexcept {
  try {
    endpoint().put_back(input_);
    begin_stream_after(*this, lines_, handler, connection_to_hand_over());
    return Outcome::handed_over;
  } catch (const std::bad_alloc&) {
    failure_ = ENOMEM;
    endpoint().run_out();
  }
  wait_.become(Step::finish, endpoint(), input_, take());
  return Outcome::waits;
}

void LineSession::report() {
  const EndFacts facts = end_facts(*ended_by_, wait_.failure(), is_in_line_);
  on_end(facts.cause());
  // Only excessive output is decided as slow_reader: the endpoint gives up a peer that takes nothing.
  const bool too_much = *ended_by_ == EndCause::slow_reader || facts.cause() == EndCause::over_limit;
  report_end(facts, lines_, limit_behind(facts.cause(), too_much));
}

// Called when a deadline has passed, which may not hold any more, or when a drain has interrupted the wait.
void LineSession::look() noexcept {
  const auto verdict = client_clock().verdict(service().limits(), now());
  if (verdict == EndCause::lifetime) answer_what_is_there();
  if (is_answered()) return end_at_bound();
  if (verdict && verdict != EndCause::lifetime) end(*verdict);
}

void LineSession::drain() noexcept {
  answer_what_is_there();
  if (is_answered()) {
    endpoint().interrupt_read();
  } else {
    look_sooner();
  }
}

// A client that expects answers can't be told anything behind them; any other client is told why.
void LineSession::evict() noexcept {
  end(EndCause::over_limit);
  if (wait_.step() == Step::bytes && output_capacity() == 0) {
    endpoint().say("ERR out of buffer memory\n");
    endpoint().interrupt_read();
  } else {
    conn().abort();
  }
  // The input is released here: the session ends turns later, and the same bytes would be demanded again.
  input_.clear();
}

// At end of file in order, the rest of the input is a last line.
void LineSession::input_ended() noexcept {
  if (failure_ == failure_of(ErrorCode::eof) && !input_.empty() && !killed_) deliver_last_line();
  end(cause_of(failure_));
}

void begin_lines(Service& service, Conn conn, Begin begin) {
  auto* session = new LineSession(service, std::move(conn));  // deletes itself
  session->begin(begin);
}

}  // namespace reactord
