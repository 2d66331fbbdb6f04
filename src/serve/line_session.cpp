// The session of a LineHandler: bytes in, lines to the handler, replies out.
//
//                 +--- bytes ---+
//     accept ---> |   deliver   | ---> end: finish (send, FIN, discard, close) ---> log
//                 +- room, turn +
//
// No coroutine: the session is an object that its operations drive, and waits for one thing at a time, so
// that all its waits share one piece of storage. While nothing but the next bytes is wanted it stays in one
// read, which hands over the bytes where they arrive; it goes on for what is rare: the end, backpressure, a
// spent budget.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "serve/session.hpp"

namespace reactord {
namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

}  // namespace

class LineSession final : public Session {
 public:
  LineSession(Service& service, Conn served)
      : Session(service, std::move(served)),
        splitter_(service.options().limits.max_line),
        wait_(std::in_place_type<LineFill>, *this) {
    conn().reactor().work_began();
    endpoint().set_session_deadline(conn().reactor().now() + service.idle_timeout());
    if (is_draining()) drain();
  }
  ~LineSession() { conn().reactor().work_ended(); }

  // Until there is something to wait for; deletes itself at the end.
  void run() {
    while (begin_wait()) {
      if (advance()) continue;
      report();
      delete this;
      return;
    }
  }

 private:
  enum class Step : std::uint8_t { bytes, room, turn, finish };

  class LineFill final : public ReadOperation {
   public:
    explicit LineFill(LineSession& session) noexcept
        : ReadOperation(session.endpoint(), session.input_, &LineFill::take_lines) {}
    static std::size_t take_lines(ReadOperation& operation, std::string_view bytes) noexcept {
      return static_cast<LineSession*>(operation.state)->deliver(bytes);
    }
  };

  class RoomOperation final : public PendingWrite {
   public:
    explicit RoomOperation(Endpoint& endpoint) noexcept
        : PendingWrite(endpoint, nullptr, 0, Conn::low_watermark), written_before(endpoint.bytes_written()) {}
    std::uint64_t written_before;
  };

  static void resumed(void* session) {
    auto& self = *static_cast<LineSession*>(session);
    if (self.advance()) return self.run();
    self.report();
    delete &self;
  }

  // True if there is nothing to wait for.
  bool begin_wait() {
    return std::visit(
        [this](auto& operation) {
          operation.run = resumed;
          operation.state = this;
          if constexpr (std::is_same_v<decltype(operation), NextTurnOperation&>) {
            conn().reactor().resume_next_turn(operation);
            return false;
          } else {
            return operation.await_ready();
          }
        },
        wait_);
  }

  // The wait is over: does what can be done now and says what to wait for. False: the connection has ended.
  bool advance() {
    if (auto* finished = std::get_if<FinishOperation>(&wait_)) {
      if (finished->failure() == failure_of(ErrorCode::deadline_exceeded)) cause_ = EndCause::slow_reader;
      return false;
    }
    if (auto* fill = std::get_if<LineFill>(&wait_)) {
      if (fill->failure() != 0) failure_ = fill->failure();
    } else if (std::holds_alternative<RoomOperation>(wait_) && !has_room()) {
      return true;
    }
    if (!ending_ && step_ == Step::bytes) {
      const std::uint64_t before = lines_;
      input_.consume(deliver(input_.view()) & ~ReadOperation::resume_bit);
      // One delivery a turn: it has had its share, and its next bytes would be a second one.
      if (step_ == Step::bytes && failure_ == 0 && lines_ != before && endpoint().is_readable())
        step_ = Step::turn;
    }
    if (step_ == Step::bytes && failure_ != 0) input_ended();
    wait_for(step_);
    return true;
  }

  void report() {
    if (endpoint().write_failure() != 0 && cause_ != EndCause::killed) {
      cause_ = EndCause::reset;
      failure_ = endpoint().write_failure();
    }
    ended(cause_, failure_ > 0 ? failure_ : 0, lines_);
  }

  void drain() noexcept override {
    answer_until_ = endpoint().bytes_read() + conn().unread();
    const bool nothing_begun = input_.empty() && endpoint().bytes_read() >= answer_until_;
    if (nothing_begun && std::holds_alternative<LineFill>(wait_)) {
      auto set = conn().set_read_deadline(Time::past());
    }
  }

  // Hands the lines in `bytes` to the handler, sends its replies, and decides what is wanted next (step_).
  // Returns how many of the bytes have been taken, as ReadOperation::take_ wants it.
  [[gnu::always_inline]] std::size_t deliver(std::string_view bytes) {
    Reply reply(endpoint().reactor().buffers(), endpoint().reactor().replies());
    LineHandler& handler = service().lines();
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    const char* stop = end;
    if (answer_until_ != no_limit) [[unlikely]]
      stop = at + answerable(bytes.size());
    auto found = LineSplitter::Found::line;
    std::size_t lines = 0;
    std::string_view line;
    while (at < stop && lines < Server::lines_per_turn) {
      found = splitter_.next(at, end, line);
      if (found != LineSplitter::Found::line) [[unlikely]]
        break;
      ++lines;
      handler.on_line(line, reply);
      if (reply.is_full() && !make_room(reply)) [[unlikely]]
        break;
    }
    if (lines > 0) [[likely]]
      delivered(lines);
    if (at == end && !reply.is_closed() && answer_until_ == no_limit && endpoint().unsent() == 0) [[likely]] {
      return bytes.size();
    }
    const auto taken = static_cast<std::size_t>(at - bytes.data());
    step_ = decide(found, reply.is_closed(), at < stop);
    return step_ == Step::bytes ? taken : taken | ReadOperation::resume_bit;
  }

  // Keeps the books, and sends the replies. True if nothing is left unsent.
  bool delivered(std::size_t lines) {
    Endpoint& endpoint = this->endpoint();
    Reactor& reactor = endpoint.reactor();
    lines_ += lines;
    // Not renewed by half a line: who trickles bytes is idle.
    endpoint.set_session_deadline(reactor.now() + service().idle_timeout());
    return reactor.replies().empty() ? endpoint.unsent() == 0 : endpoint.send_replies(reactor.replies());
  }

  // Sends what has been answered so far. False: no further line now.
  [[gnu::noinline]] bool make_room(const Reply& reply) {
    if (!endpoint().reactor().replies().empty()) endpoint().send_replies(endpoint().reactor().replies());
    return !reply.is_closed() && endpoint().unsent() <= Conn::high_watermark;
  }

  // How many of the `count` bytes received last are to be answered: those of lines that begin before
  // answer_until_.
  std::size_t answerable(std::size_t count) const noexcept {
    if (answer_until_ == no_limit) [[likely]]
      return count;
    const std::uint64_t start = conn().bytes_read() - count;
    return std::min<std::uint64_t>(count, answer_until_ > start ? answer_until_ - start : 0);
  }

  // `more`: bytes are left that are to be answered. Then to wait for further ones is right only if they hold
  // no line.
  Step decide(LineSplitter::Found found, bool closed, bool more) {
    if (closed) return end(EndCause::finished);
    if (found == LineSplitter::Found::too_long) {
      endpoint().output().append(endpoint().reactor().buffers(), "ERR line too long (max ",
                                 std::to_string(splitter_.max_line()), ")\n");
      return end(EndCause::line_too_long);
    }
    if (!more && conn().bytes_read() >= answer_until_) return end(EndCause::drained);
    if (endpoint().unsent() > Conn::high_watermark) return Step::room;
    return more && found == LineSplitter::Found::line ? Step::turn : Step::bytes;
  }

  // No more bytes will come: what is left of the last line is one too, if the peer finished in order.
  void input_ended() {
    if (failure_ == failure_of(ErrorCode::eof) && !input_.empty()) {
      Reply reply(endpoint().reactor().buffers(), endpoint().output());
      service().lines().on_line(LineSplitter::last(input_.view()), reply);
      ++lines_;
      input_.clear();
    }
    const bool drained = is_draining() && failure_ == failure_of(ErrorCode::deadline_exceeded);
    step_ = end(drained ? EndCause::drained : cause_of(failure_));
  }

  void wait_for(Step step) {
    switch (step) {
      case Step::bytes:
        wait_.emplace<LineFill>(*this);
        break;
      case Step::room:
        wait_for_room();
        break;
      case Step::turn:
        wait_.emplace<NextTurnOperation>(conn().reactor());
        break;
      case Step::finish:
        wait_.emplace<FinishOperation>(endpoint());
        break;
    }
    if (step != Step::finish) step_ = Step::bytes;
  }

  void wait_for_room() {
    auto set = conn().set_write_deadline(conn().reactor().now() + Conn::send_timeout);
    wait_.emplace<RoomOperation>(endpoint());
  }

  // After waiting for room: true if there is some now, or if it is no use to wait on.
  bool has_room() {
    auto& room = std::get<RoomOperation>(wait_);
    if (room.failure() == 0) return true;
    const bool timed_out = room.failure() == failure_of(ErrorCode::deadline_exceeded);
    if (timed_out && endpoint().bytes_written() > room.written_before) {  // slow, but it moves
      wait_for_room();
      return false;
    }
    failure_ = room.failure();
    step_ = end(timed_out ? EndCause::slow_reader : cause_of(failure_));
    if (timed_out) conn().abort();
    return true;
  }

  Step end(EndCause cause) noexcept {
    cause_ = cause;
    ending_ = true;
    return Step::finish;
  }

  EndCause cause_ = EndCause::error;
  Step step_ = Step::bytes;
  bool ending_ = false;
  int failure_ = 0;  // why no more bytes will come, as in IoOperation
  Buffer input_;
  LineSplitter splitter_;
  std::uint64_t answer_until_ = no_limit;  // lines that begin before this offset of the input are answered
  std::uint64_t lines_ = 0;
  std::variant<LineFill, RoomOperation, NextTurnOperation, FinishOperation> wait_;
};

void serve_lines(Service& service, Conn conn) {
  auto* session = new LineSession(service, std::move(conn));  // it deletes itself
  session->run();
}

}  // namespace reactord
