// The session of a LineHandler: bytes in, lines to the handler, replies out.
//
//                 +--- bytes ---+
//     accept ---> |   deliver   | ---> end: finish (send, FIN, discard, close) ---> log
//                 +- room, turn +
//
// No coroutine: the session is an object that its operations drive, and waits for one thing at a time, so that all its
// waits share one piece of storage. While nothing but the next bytes is wanted it stays in one read.
#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <utility>

#include "serve/proxy_header.hpp"
#include "serve/server_core.hpp"
#include "serve/session_wait.hpp"

namespace reactord {

class LineSession final : public Session {
 public:
  LineSession(Service& service, Conn served)
      : Session(service, std::move(served)),
        splitter_(service.limits().max_line),
        wait_(endpoint(), input_, take_lines) {
    conn().reactor().work_began();
    if (has_lifetime()) unusual_ |= ageing;
    endpoint().set_session_deadline(line_due());
    if (is_draining()) begin_drain();
  }
  ~LineSession() { conn().reactor().work_ended(); }

  // Until there is something to wait for; deletes itself at the end.
  void run() {
    while (wait_.begin(conn().reactor(), resumed, this)) {
      if (advance()) continue;
      report();
      delete this;
      return;
    }
  }

  // The same from the loop's queue: for one that may have been made within another's delivery.
  void run_later() { wait_.begin_from_queue(conn().reactor(), resumed, this); }

 private:
  using Step = SessionWait::Step;
  // What is unusual about the input, as bits.
  enum Unusual : std::uint8_t {
    in_line = 1,    // a line has begun and not ended: the line timeout runs
    cutting = 2,    // the rest of that line is left out
    limited = 4,    // only lines that begin before answer_until_ are answered
    ageing = 8,     // there is a lifetime
    evicted = 16,   // its buffers are wanted back
    retimed = 32,   // its times have become shorter: the next one may be over before the timer comes
    lost = 64,      // an answer could not be sent
    hurried = 128,  // a drain has found nothing begun; it may have come from within the handler
  };

  static std::size_t take_lines(ReadOperation& operation, std::string_view bytes) noexcept {
    return static_cast<LineSession*>(operation.state)->deliver_or_end(bytes);
  }

  static void resumed(void* session) {
    auto& self = *static_cast<LineSession*>(session);
    self.server().resumed(self);
    if (self.advance()) return self.run();
    self.report();
    delete &self;
  }

  // The wait is over: does what can be done now and says what to wait for. False: the connection has ended.
  bool advance() {
    if (wait_.step() == Step::finish) return false;
    int failure = wait_.failure();
    if (wait_.step() == Step::turn && endpoint().is_retired())  // given up before its turn came
      failure = failure_of(ErrorCode::closed);
    if (failure != 0) failure_ = static_cast<std::int16_t>(failure);
    if (wait_.step() == Step::room && failure_ == 0)
      endpoint().set_session_deadline(line_due());  // its time stood still: nobody read
    const bool answerable =
        wait_.step() == Step::bytes ? failure != failure_of(ErrorCode::closed) : failure == 0;
    if (!ending_ && step_ == Step::bytes && answerable) {
      const std::uint64_t before = lines_;
      input_.consume(deliver_or_end(input_.view()) & ~ReadOperation::resume_bit);
      // One delivery a turn: it has had its share, and its next bytes would be a second one.
      if (step_ == Step::bytes && failure_ == 0 && lines_ != before && endpoint().is_readable())
        step_ = Step::turn;
    }
    if (step_ == Step::bytes && failure_ != 0) input_ended();
    wait_.become(step_, endpoint(), input_, take_lines);
    if (step_ != Step::finish) step_ = Step::bytes;
    holds();
    return true;
  }

  void report() {
    const EndFacts facts = end_facts(cause_, wait_.failure(), (unusual_ & in_line) != 0);
    // Only too much output is decided to be slow_reader: a peer that takes nothing is given up by the endpoint.
    const bool too_much = cause_ == EndCause::slow_reader || facts.cause() == EndCause::over_limit;
    ended(facts, lines_, limit_behind(facts.cause(), too_much));
  }

  void count_work(OpenWork& work) const noexcept override { work.half_lines += unusual_ & in_line; }

  void drain() noexcept override {
    answer_what_is_there();
    const bool nothing_begun = input_.empty() && endpoint().bytes_read() >= answer_until_;
    const bool hurries = nothing_begun && wait_.step() == Step::bytes;
    if (hurries) unusual_ |= hurried;
    const Time due = hurries ? Time::past() : server().half_line_end();
    auto set = conn().set_read_deadline(std::min(endpoint().read_deadline(), due));
  }

  void answer_what_is_there() noexcept {
    answer_until_ = endpoint().bytes_read() + conn().unread();
    unusual_ |= limited;
  }

  std::size_t buffered() const noexcept override { return input_.capacity() + output_capacity(); }

  // A client with answers to come can't be told anything behind them; another one is told why.
  void evict() noexcept override {
    unusual_ |= evicted;
    cause_ = EndCause::over_limit;
    if (wait_.step() == Step::bytes && output_capacity() == 0) {
      auto set = conn().set_read_deadline(Time::past());
    } else {
      conn().abort();
    }
    // Now: the session itself ends turns later, and the same bytes would be wanted back again.
    input_.clear();
  }

  // deliver(); memory that runs out for our own part in it ends the connection.
  [[gnu::always_inline]] std::size_t deliver_or_end(std::string_view bytes) noexcept {
    try {
      return deliver(bytes);
    } catch (const std::bad_alloc&) {
      server().delivery().end();
      server().delivery().open(service().limits().output.high);
      endpoint().reactor().replies().clear();
      failure_ = ENOMEM;
      endpoint().run_out();
      return bytes.size() | ReadOperation::resume_bit;  // no later answer takes the place of the lost one
    }
  }

  // Hands the lines in `bytes` to the handler, sends its replies, and decides what is wanted next (step_).
  // Returns how many of the bytes have been taken, as ReadOperation::take_ wants it.
  [[gnu::always_inline]] std::size_t deliver(std::string_view bytes) {
    if (lines_ < lines_of_proxy_signature && refuses_proxy_header(endpoint(), bytes)) [[unlikely]] {
      step_ = end(EndCause::proxy_header);
      return bytes.size() | ReadOperation::resume_bit;
    }
    Delivery& delivery = server().delivery();
    Reply& reply = delivery.begin(*this);
    LineHandler& handler = service().lines();
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    const char* stop = end;
    if ((unusual_ & (cutting | limited)) != 0) [[unlikely]] {
      stop = at + to_be_answered(bytes.size());
      at = behind_cut_line(at, end);
    }
    auto found = LineSplitter::Found::line;
    std::size_t lines = 0;
    std::string_view line;
    try {
      while (at < stop && lines < Server::lines_per_turn) {
        found = splitter_.next(at, end, line);
        if (found != LineSplitter::Found::line) [[unlikely]]
          break;
        ++lines;
        handler.on_line(line, reply);
        if (reply.is_full() && !make_room(reply)) [[unlikely]]
          break;
      }
    } catch (...) {
      give_up_on_handler(reply);
    }
    const bool all_sent = lines > 0 ? delivered(lines) : endpoint().unsent() == 0;
    if (at == end && !reply.is_closed() && (unusual_ & (cutting | limited | lost)) == 0 && all_sent)
        [[likely]] {
      delivery.end();
      return bytes.size();
    }
    if (found == LineSplitter::Found::too_long && service().limits().long_lines != LongLine::close) {
      at = cut_line(at, end, reply);
      found = (unusual_ & cutting) != 0 ? LineSplitter::Found::none : LineSplitter::Found::line;
    }
    const auto taken = static_cast<std::size_t>(at - bytes.data());
    delivery.end();
    step_ = decide(found, reply.is_closed(), at < stop);
    delivery.open(service().limits().output.high);
    holds(Endpoint::capacity_left(input_, static_cast<std::size_t>(end - at)) + output_capacity());
    if (step_ != Step::bytes) return taken | ReadOperation::resume_bit;
    if (at < end || (unusual_ & cutting) != 0) line_began();
    return taken;
  }

  // An exception has left the handler, within a catch block. What was answered before is sent.
  [[gnu::cold]] void give_up_on_handler(Reply& reply) noexcept {
    reply.close();
    cause_ = handler_threw();
  }

  // Hands over a line outside a run of complete ones.
  [[gnu::noinline]] void deliver_one(std::string_view line, Reply& reply) noexcept {
    ++lines_;
    try {
      service().lines().on_line(line, reply);
    } catch (...) {
      give_up_on_handler(reply);
    }
  }

  // Keeps the books, and sends the replies. True if nothing is left unsent, and nothing was lost.
  [[gnu::always_inline]] bool delivered(std::size_t lines) {
    Endpoint& endpoint = this->endpoint();
    Reactor& reactor = endpoint.reactor();
    lines_ += lines;
    endpoint.set_session_deadline(reactor.now() + service().idle_timeout());
    if ((unusual_ & (in_line | ageing | retimed)) != 0) [[unlikely]]
      line_ended();
    return reactor.replies().empty() ? endpoint.unsent() == 0 : endpoint.send_replies(reactor.replies());
  }

  // Until when the next line must be complete, if it has begun, or else must begin.
  Time line_due() noexcept {
    const Time now = conn().reactor().now();
    const bool begun = (unusual_ & in_line) != 0 && service().limits().line_timeout > 0ns;
    if ((unusual_ & ageing) != 0 && (unusual_ & limited) == 0 && lifetime_end() <= now)
      answer_what_is_there();
    if (begun) return std::min(now + service().limits().line_timeout, server().half_line_end());
    const Time due = std::min(now + service().idle_timeout(), server().half_line_end());
    return (unusual_ & (ageing | limited)) == ageing ? std::min(due, lifetime_end()) : due;
  }

  // Its first bytes have been seen. What follows them does not renew its time.
  [[gnu::noinline]] void line_began() {
    if ((unusual_ & in_line) != 0) return;
    unusual_ |= in_line;
    if (service().limits().line_timeout > 0ns) auto set = conn().set_read_deadline(line_due());
  }

  [[gnu::noinline]] void line_ended() {
    unusual_ &= static_cast<std::uint8_t>(~(in_line | retimed));
    if (is_listed()) holds(output_capacity());
    auto set = conn().set_read_deadline(line_due());
  }

  // Answers a line that is longer than it may be, and leaves out the rest of it. Returns where that ends, if it does.
  [[gnu::noinline]] const char* cut_line(const char* at, const char* end, Reply& reply) {
    const bool truncated = service().limits().long_lines == LongLine::truncate;
    if (truncated) {
      deliver_one(std::string_view(at, splitter_.max_line() - 1), reply);
    } else {
      reply.write("ERR line too long (max ", std::to_string(splitter_.max_line()), ")\n");
      ++lines_;
    }
    report_limit("max-line", truncated ? "truncated" : "discarded");
    Buffer& replies = endpoint().reactor().replies();
    if (!replies.empty()) endpoint().send_replies(replies);
    splitter_ = LineSplitter(splitter_.max_line());
    unusual_ |= cutting;
    return behind_cut_line(at, end);
  }

  // Leaves out what is left of a line that was cut.
  [[gnu::noinline]] const char* behind_cut_line(const char* at, const char* end) {
    if ((unusual_ & cutting) == 0) return at;
    const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    if (newline == nullptr) return end;
    unusual_ &= static_cast<std::uint8_t>(~cutting);
    line_ended();
    return static_cast<const char*>(newline) + 1;
  }

  // Sends what has been answered so far. False: no further line now.
  [[gnu::noinline]] bool make_room(const Reply& reply) {
    if (!endpoint().reactor().replies().empty()) endpoint().send_replies(endpoint().reactor().replies());
    if (endpoint().write_failure() != 0) unusual_ |= lost;
    return !reply.is_closed() && (unusual_ & lost) == 0 &&
           endpoint().unsent() <= service().limits().output.high;
  }

  // How many of the `count` bytes received last are to be answered: those of lines that begin before answer_until_.
  std::size_t to_be_answered(std::size_t count) const noexcept {
    if ((unusual_ & limited) == 0) return count;
    const std::uint64_t start = conn().bytes_read() - count;
    return std::min<std::uint64_t>(count, answer_until_ > start ? answer_until_ - start : 0);
  }

  // `more`: bytes are left that are to be answered. Then to wait for further ones is right only if they hold no line.
  Step decide(LineSplitter::Found found, bool closed, bool more) {
    // An answer is lost: no other may take its place.
    if (endpoint().write_failure() != 0) return end(EndCause::reset);
    if (closed) return end(cause_);
    if (found == LineSplitter::Found::too_long) {
      endpoint().output().append(endpoint().reactor().buffers(), "ERR line too long (max ",
                                 std::to_string(splitter_.max_line()), ")\n");
      return end(EndCause::line_too_long);
    }
    const OutputLimits& output = service().limits().output;
    if (output.hard > 0 && endpoint().unsent() > output.hard) {
      conn().abort();
      return end(EndCause::slow_reader);
    }
    if (!more && (unusual_ & limited) != 0 && conn().bytes_read() >= answer_until_)
      return end(is_draining() ? EndCause::drained : EndCause::lifetime);
    if (endpoint().unsent() > output.high) return Step::room;
    return more && found == LineSplitter::Found::line ? Step::turn : Step::bytes;
  }

  // No more bytes will come: what is left of the last line is one too, if the peer finished in order.
  void input_ended() {
    if ((unusual_ & evicted) != 0) return give_back();
    if (failure_ == failure_of(ErrorCode::eof) && !input_.empty() && !killed_) {
      Reply reply(endpoint().reactor().buffers(), endpoint().output());
      deliver_one(LineSplitter::last(input_.view()), reply);
      input_.clear();
    }
    if (cause_ != EndCause::finished) {
      step_ = end(cause_);  // the handler has failed
    } else if (failure_ != failure_of(ErrorCode::deadline_exceeded)) {
      step_ = end(cause_of(failure_));
    } else {
      time_is_up();
    }
  }

  void time_is_up() {
    const bool begun = (unusual_ & in_line) != 0 && service().limits().line_timeout > 0ns;
    if ((unusual_ & hurried) != 0 && !input_.empty()) {
      unusual_ &= static_cast<std::uint8_t>(~hurried);
      failure_ = 0;
      endpoint().set_session_deadline(line_due());
    } else if (!is_draining() && !begun && (unusual_ & (ageing | limited)) == ageing &&
               lifetime_end() <= conn().reactor().now()) {
      answer_what_is_there();
      if (conn().bytes_read() >= answer_until_) {
        step_ = end(EndCause::lifetime);
      } else {
        failure_ = 0;
        endpoint().set_session_deadline(line_due());
      }
    } else if (!is_draining() && !begun && times_have_changed() && quiet_until() > conn().reactor().now()) {
      failure_ = 0;  // too old by the limits of before
      endpoint().set_session_deadline(std::min(line_due(), quiet_until()));
    } else {
      step_ = end(out_of_time(begun ? EndCause::slow_line : EndCause::idle, is_draining()));
    }
  }

  // By the limits of now, where its time began under others: at the change at the latest. What has trickled in since then
  // is no complete line.
  Time quiet_until() noexcept {
    return std::min(endpoint().last_activity(), times_changed()) + service().idle_timeout();
  }

  void limits_changed(bool shorter) noexcept override {
    if (shorter) unusual_ |= retimed;
    if (endpoint().read_deadline().is_never()) auto set = conn().set_read_deadline(line_due());
  }

  void give_back() {
    input_.clear();
    if (failure_ == failure_of(ErrorCode::deadline_exceeded)) endpoint().say("ERR out of buffer memory\n");
    step_ = end(EndCause::over_limit);
  }

  Step end(EndCause cause) noexcept {
    cause_ = cause;
    ending_ = true;
    return Step::finish;
  }

  EndCause cause_ =
      EndCause::finished;  // as its reply is closed by the handler, until something else has ended it
  Step step_ = Step::bytes;
  bool ending_ = false;
  std::uint8_t unusual_ = 0;  // a set of Unusual
  std::int16_t failure_ = 0;  // why no more bytes will come, as in IoOperation
  Buffer input_;
  LineSplitter splitter_;
  std::uint64_t answer_until_ =
      ~std::uint64_t{0};  // lines that begin before this offset of the input are answered
  std::uint64_t lines_ = 0;
  SessionWait wait_;
};

void begin_lines(Service& service, Conn conn, Begin begin) {
  auto* session = new LineSession(service, std::move(conn));  // it deletes itself
  if (begin == Begin::now) return session->run();
  session->run_later();
}

}  // namespace reactord
