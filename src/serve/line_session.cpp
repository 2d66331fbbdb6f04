// The session of a LineHandler: bytes in, lines to the handler, replies out.
//
//                 +--- bytes ---+
//     accept ---> |   deliver   | ---> end: finish (send, FIN, discard, close) ---> log
//                 +- room, turn +
//
// While nothing but the next bytes is wanted, the coroutine stays suspended in one read: the operation hands
// over the lines where the bytes arrive. It is resumed for what is rare: the end, backpressure, a spent
// budget. All that it waits for shares one piece of storage, since it waits for one thing at a time: an idle
// connection pays for one.
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
        splitter_(service.options().max_line),
        idle_timeout_(service.idle_timeout()) {
    endpoint().set_session_deadline(conn().reactor().now() + idle_timeout_);
    wait_for(Step::bytes);
    if (is_draining()) drain();
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
    if (!ending_ && step_ == Step::bytes) input_.consume(deliver(input_.view()) & ~ReadOperation::resume_bit);
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

  // The wait that advance() asked for.
  struct Pause {
    LineSession& session;
    bool await_ready() {
      return std::visit([](auto& operation) { return operation.await_ready(); }, session.wait_);
    }
    void await_suspend(std::coroutine_handle<> waiter) {
      std::visit([waiter](auto& operation) { operation.await_suspend(waiter); }, session.wait_);
    }
    static void await_resume() noexcept {}
  };
  Pause pause() noexcept { return {*this}; }

 private:
  enum class Step : std::uint8_t { bytes, room, turn, finish };

  class LineFill final : public ReadOperation {
   public:
    explicit LineFill(LineSession& session) noexcept
        : ReadOperation(session.endpoint(), session.input_), session_(session) {
      take_ = take;
    }
    static std::size_t take(ReadOperation& operation, std::string_view bytes) noexcept {
      return static_cast<LineFill&>(operation).session_.deliver(bytes);
    }

   private:
    LineSession& session_;
  };

  class RoomOperation final : public PendingWrite {
   public:
    explicit RoomOperation(Endpoint& endpoint) noexcept
        : PendingWrite(endpoint, nullptr, 0, Conn::low_watermark), written_before(endpoint.bytes_written()) {}
    std::uint64_t written_before;
  };

  struct Nothing {
    static bool await_ready() noexcept { return true; }
    static void await_suspend(std::coroutine_handle<>) noexcept {}
  };

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
    endpoint.set_session_deadline(reactor.now() + idle_timeout_);
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

  Buffer input_;
  LineSplitter splitter_;
  Duration idle_timeout_;                  // its longest where there is none
  std::uint64_t answer_until_ = no_limit;  // lines that begin before this offset of the input are answered
  std::uint64_t lines_ = 0;
  int failure_ = 0;  // why no more bytes will come, as in IoOperation
  EndCause cause_ = EndCause::error;
  Step step_ = Step::bytes;
  bool ending_ = false;
  std::variant<Nothing, LineFill, RoomOperation, NextTurnOperation, FinishOperation> wait_;
};

Task<> serve_lines(Service& service, Conn conn) {
  LineSession session(service, std::move(conn));
  do {
    co_await session.pause();
  } while (session.advance());
  session.report();
}

}  // namespace reactord
