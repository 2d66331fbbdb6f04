// The session of a LineHandler: bytes in, lines to the handler, replies out.
//
//                 +--- bytes ---+
//     accept ---> |   deliver   | ---> end: finish (send, FIN, discard, close) ---> log
//                 +- room, turn +
//
// The session is an object that its operations drive, not a coroutine. It waits for one thing at a time (SessionWait),
// so all its waits share one piece of storage. While only the next bytes are wanted it stays in one read. The next wait
// follows from its state: next_step().
#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
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
        since_(conn().reactor().now()),
        splitter_(service.limits().max_line),
        wait_(endpoint(), input_, take_lines) {
    conn().reactor().work_began();
    if (is_draining()) begin_drain();
    look_in_time();
  }
  ~LineSession() { conn().reactor().work_ended(); }

  // `when` is later for a session that may have been made within another's delivery: it begins from the loop's queue.
  // So does a session that a drain has already finished.
  void begin(Begin when) {
    if (when == Begin::now && !is_answered()) return run();
    wait_.begin_from_queue(conn().reactor(), resumed, this);
  }

 private:
  using Step = SessionWait::Step;
  static constexpr std::uint64_t all = ~std::uint64_t{0};  // the value of answer_until_ without a bound

  // Runs until there is something to wait for. Deletes itself at the end.
  void run() {
    while (wait_.begin(conn().reactor(), resumed, this)) {
      if (advance()) continue;
      report();
      delete this;
      return;
    }
  }

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

  // Called when the wait is over: does the possible work and chooses the next wait. False: the connection has ended.
  bool advance() {
    const Step over = wait_.step();
    if (over == Step::finish) return false;
    const int failure = failure_of_wait();
    const bool must_look =
        failure == failure_of(ErrorCode::deadline_exceeded) || failure == failure_of(ErrorCode::interrupted);
    if (!must_look && failure != 0) failure_ = static_cast<std::int16_t>(failure);
    const std::uint64_t before = lines_;
    if (over == Step::room && failure == 0) since_ = now();  // the idle time stood still: no read ran
    const bool is_cut_short = failure == failure_of(ErrorCode::closed);
    if (over == Step::bytes ? failure != 0 && !is_cut_short : failure == 0) deliver_what_is_left();
    if (!ended_by_ && failure_ != 0) input_ended();
    if (!ended_by_ && must_look) look();
    Step next = next_step();
    // A turn has one delivery: the next bytes would be a second one.
    if (next == Step::bytes && lines_ != before && endpoint().is_readable()) next = Step::turn;
    if (next == Step::bytes) look_in_time();
    wait_.become(next, endpoint(), input_, take_lines);
    holds();
    return true;
  }

  int failure_of_wait() noexcept {
    const bool is_given_up = wait_.step() == Step::turn && endpoint().is_retired();  // before its turn came
    return is_given_up ? failure_of(ErrorCode::closed) : wait_.failure();
  }

  void deliver_what_is_left() {
    if (ended_by_) return;
    input_.consume(deliver_or_end(input_.view()) & ~ReadOperation::resume_bit);
  }

  Step next_step() noexcept {
    if (ended_by_) return Step::finish;
    if (endpoint().unsent() > service().limits().output.high) return Step::room;
    return splitter_.ready(input_.view().substr(0, to_be_answered(input_.size()))) ? Step::turn : Step::bytes;
  }

  void report() {
    const EndFacts facts = end_facts(*ended_by_, wait_.failure(), is_in_line_);
    // Only excessive output is decided as slow_reader: the endpoint gives up a peer that takes nothing.
    const bool too_much = *ended_by_ == EndCause::slow_reader || facts.cause() == EndCause::over_limit;
    ended(facts, lines_, limit_behind(facts.cause(), too_much));
  }

  void count_work(OpenWork& work) const noexcept override { work.half_lines += is_in_line_ ? 1 : 0; }

  // ---- Time

  Time now() const noexcept { return server().reactor().now(); }

  ClientClock client_clock() const noexcept {
    ClientClock clock = this->clock();
    const bool has_unread = answer_until_ != all && conn().bytes_read() < answer_until_;
    clock.quiet_since = since_;
    if (is_in_line_ && !has_unread) clock.line_since = since_;  // else the rest of the line has arrived
    if (answer_until_ != all) clock.accepted = Time::never();   // it is over, or a drain ends it
    return clock;
  }

  // A read that is not pending yet ends when the clock has a verdict.
  void look_in_time() noexcept { endpoint().set_next_read_deadline(client_clock().due(service().limits())); }
  void look_sooner() noexcept { auto set = conn().set_read_deadline(client_clock().due(service().limits())); }
  void limits_changed() noexcept override {
    auto set = conn().set_read_deadline(spread(client_clock().due(service().limits())));
  }

  // Called when a deadline has passed, which may not hold any more, or when a drain has interrupted the wait.
  void look() noexcept {
    const auto verdict = client_clock().verdict(service().limits(), now());
    if (verdict == EndCause::lifetime) answer_what_is_there();
    if (is_answered()) return end(is_draining() ? EndCause::drained : EndCause::lifetime);
    if (verdict && verdict != EndCause::lifetime) end(*verdict);
  }

  // ---- The end

  void end(EndCause cause) noexcept {
    if (!ended_by_) ended_by_ = cause;
  }

  // True when every line that was to be answered is answered, and none of them is incomplete.
  bool is_answered() const noexcept {
    return answer_until_ != all && input_.empty() && conn().bytes_read() >= answer_until_;
  }

  void answer_what_is_there() noexcept { answer_until_ = endpoint().bytes_read() + conn().unread(); }

  void drain() noexcept override {
    answer_what_is_there();
    if (is_answered()) {
      endpoint().interrupt_read();
    } else {
      look_sooner();
    }
  }

  std::size_t buffered() const noexcept override { return input_.capacity() + output_capacity(); }

  // A client that expects answers can't be told anything behind them; any other client is told why.
  void evict() noexcept override {
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
  void input_ended() {
    if (failure_ == failure_of(ErrorCode::eof) && !input_.empty() && !killed_) {
      Reply reply(endpoint().reactor().buffers(), endpoint().output());
      deliver_one(LineSplitter::last(input_.view()), reply);
      input_.clear();
    }
    end(cause_of(failure_));
  }

  // ---- Lines

  // Delivers. Running out of memory in the session's own part ends the connection.
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

  // Hands the lines in `bytes` to the handler and sends its replies. Returns the number of bytes taken, with the flag
  // that something other than the next bytes is wanted, as for ReadOperation::take_.
  [[gnu::always_inline]] std::size_t deliver(std::string_view bytes) {
    if (lines_ < lines_of_proxy_signature && refuses_proxy_header(endpoint(), bytes)) [[unlikely]] {
      end(EndCause::proxy_header);
      return bytes.size() | ReadOperation::resume_bit;
    }
    Delivery& delivery = server().delivery();
    Reply& reply = delivery.begin(*this);
    LineHandler& handler = service().lines();
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    const char* stop = end;
    const bool is_usual = !is_cutting_ && answer_until_ == all;
    if (!is_usual) [[unlikely]] {
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
    if (at == end && is_usual && !reply.is_closed() && all_sent) [[likely]] {
      delivery.end();
      return bytes.size();
    }
    return conclude(bytes, at, found, reply);
  }

  // The work after an unusual delivery. It has six arguments: a seventh would be passed on the stack, and cost each
  // line the register that holds this session.
  [[gnu::noinline]] std::size_t conclude(std::string_view bytes, const char* at, LineSplitter::Found found,
                                         Reply& reply) {
    const char* const stop = bytes.data() + to_be_answered(bytes.size());
    const char* const end = bytes.data() + bytes.size();
    bool is_too_long = found == LineSplitter::Found::too_long;
    if (is_too_long && service().limits().long_lines != LongLine::close) {
      at = cut_line(at, end, reply);
      is_too_long = false;
    }
    const auto taken = static_cast<std::size_t>(at - bytes.data());
    const auto left = static_cast<std::size_t>(end - at);
    server().delivery().end();
    decide(is_too_long, reply.is_closed(), at < stop);
    server().delivery().open(service().limits().output.high);
    holds(Endpoint::capacity_left(input_, left) + output_capacity());
    const bool wants_room = endpoint().unsent() > service().limits().output.high;
    const bool has_line =
        at < stop && splitter_.ready(std::string_view(at, static_cast<std::size_t>(stop - at)));
    if (ended_by_ || wants_room || has_line) return taken | ReadOperation::resume_bit;
    if (left > 0 || is_cutting_) line_began();
    return taken;
  }

  // Decides whether this connection has come to its end. `more`: bytes are left that are to be answered.
  void decide(bool is_too_long, bool is_closed, bool more) {
    // An answer is lost: no other may take its place.
    if (endpoint().write_failure() != 0) return end(EndCause::reset);
    if (is_closed) return end(EndCause::finished);
    if (is_too_long) {
      endpoint().output().append(endpoint().reactor().buffers(), "ERR line too long (max ",
                                 std::to_string(splitter_.max_line()), ")\n");
      return end(EndCause::line_too_long);
    }
    const OutputLimits& output = service().limits().output;
    if (output.hard > 0 && endpoint().unsent() > output.hard) {
      conn().abort();
      return end(EndCause::slow_reader);
    }
    if (!more && answer_until_ != all && conn().bytes_read() >= answer_until_)
      end(is_draining() ? EndCause::drained : EndCause::lifetime);
  }

  // Called within a catch block when an exception has left the handler. Earlier answers are sent.
  [[gnu::cold]] void give_up_on_handler(Reply& reply) noexcept {
    reply.close();
    end(handler_threw());
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

  // Counts the lines and sends the replies. True if nothing is left unsent, and nothing was lost.
  [[gnu::always_inline]] bool delivered(std::size_t lines) {
    Endpoint& endpoint = this->endpoint();
    Reactor& reactor = endpoint.reactor();
    lines_ += lines;
    since_ = reactor.now();
    if (is_in_line_) [[unlikely]]
      line_ended();
    if (!reactor.replies().empty()) return endpoint.send_replies(reactor.replies());
    return endpoint.unsent() == 0 && endpoint.write_failure() == 0;
  }

  // Called for the first bytes of a line. Later bytes do not renew its time.
  [[gnu::noinline]] void line_began() noexcept {
    if (is_in_line_) return;
    is_in_line_ = true;
    if (service().limits().line_timeout > 0ns) since_ = now();  // else the silence goes on
    look_sooner();
  }

  [[gnu::noinline]] void line_ended() noexcept {
    is_in_line_ = false;
    since_ = now();
    look_sooner();  // its lifetime may be over, which did not count meanwhile
    if (is_listed()) holds(output_capacity());
  }

  // Answers a line that is too long, and discards the rest of it. Returns the end of the rest, or `end` if it goes on.
  const char* cut_line(const char* at, const char* end, Reply& reply) {
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
    is_cutting_ = true;
    return behind_cut_line(at, end);
  }

  // Discards the rest of a line that was cut.
  [[gnu::noinline]] const char* behind_cut_line(const char* at, const char* end) {
    if (!is_cutting_) return at;
    const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    if (newline == nullptr) return end;
    is_cutting_ = false;
    line_ended();
    return static_cast<const char*>(newline) + 1;
  }

  // Sends the replies so far. False: no further line may be served now.
  [[gnu::noinline]] bool make_room(const Reply& reply) {
    if (!endpoint().reactor().replies().empty()) endpoint().send_replies(endpoint().reactor().replies());
    return !reply.is_closed() && endpoint().write_failure() == 0 &&
           endpoint().unsent() <= service().limits().output.high;
  }

  // The number of the last `count` received bytes that are to be answered: lines that begin before answer_until_.
  std::size_t to_be_answered(std::size_t count) const noexcept {
    if (answer_until_ == all) return count;
    const std::uint64_t start = conn().bytes_read() - count;
    return std::min<std::uint64_t>(count, answer_until_ > start ? answer_until_ - start : 0);
  }

  // These six bytes fit into the padding at the end of Session.
  bool is_in_line_ : 1 = false;       // set while a line has begun and not ended
  bool is_cutting_ : 1 = false;       // set while the rest of a long line is discarded
  std::int16_t failure_ = 0;          // why no more bytes will come, encoded as in IoOperation
  std::optional<EndCause> ended_by_;  // the first cause counts
  Time since_;  // when the line began, if the line timeout holds; else when the last line ended
  Buffer input_;
  LineSplitter splitter_;
  std::uint64_t answer_until_ = all;  // lines that begin before this offset of the input are answered
  std::uint64_t lines_ = 0;
  SessionWait wait_;
};

void begin_lines(Service& service, Conn conn, Begin begin) {
  auto* session = new LineSession(service, std::move(conn));  // deletes itself
  session->begin(begin);
}

}  // namespace reactord
