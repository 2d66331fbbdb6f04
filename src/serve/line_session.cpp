// The session of a LineHandler: bytes in, lines to the handler, replies out.
//
//                 +---- bytes ----+
//     accept ---> | deliver lines | ---> end: finish (send, FIN, discard, close) ---> log
//                 +-- room, turn -+
//
// One coroutine per connection, resumed once per wake-up and not once per line. All it ever waits for shares
// one piece of storage, since it waits for one thing at a time: an idle connection pays for its largest wait
// only.
#include <cerrno>
#include <limits>
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
      : Session(service, std::move(served)), splitter_(service.options().max_line) {
    wait_for_bytes();
    if (is_draining()) drain();
  }

  // Does what can be done now and says what to wait for. False: the connection has ended.
  bool advance() {
    if (auto* finished = std::get_if<FinishOperation>(&wait_)) {
      if (finished->failure() == -static_cast<int>(ErrorCode::deadline_exceeded))
        cause_ = EndCause::slow_reader;
      return false;
    }
    if (auto* fill = std::get_if<FillOperation>(&wait_)) {
      failure_ = fill->failure();
    } else if (std::holds_alternative<RoomOperation>(wait_) && !has_room()) {
      return true;
    }
    if (ending_ || !deliver()) finish();
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
    if (nothing_begun && std::holds_alternative<FillOperation>(wait_)) conn().set_read_deadline(Time::past());
  }

  // Hands lines to the handler. False: no more will come, the connection is to be finished.
  bool deliver() {
    Reply reply(endpoint().reactor().buffers(), endpoint().output());
    std::string_view rest = input_.view();
    std::uint64_t position = endpoint().bytes_read() - rest.size();
    std::size_t budget = Server::lines_per_turn;
    const std::size_t before = rest.size();
    auto found = LineSplitter::Found::none;
    std::string_view line;
    LineHandler& handler = service().lines();
    while (position < answer_until_ && budget > 0 && endpoint().unsent() <= Conn::high_watermark &&
           !reply.is_closed()) {
      const std::size_t left = rest.size();
      found = splitter_.next(rest, line);
      if (found != LineSplitter::Found::line) break;
      position += left - rest.size();
      --budget;
      handler.on_line(line, reply);
    }
    lines_ += Server::lines_per_turn - budget;
    if (found == LineSplitter::Found::none && failure_ == -static_cast<int>(ErrorCode::eof) &&
        !rest.empty()) {
      handler.on_line(LineSplitter::last(rest), reply);
      ++lines_;
      rest = {};
    }
    if (endpoint().unsent() > 0) endpoint().flush_output_later();
    input_.consume(before - rest.size());
    return decide(found, reply, position, budget == 0);
  }

  bool decide(LineSplitter::Found found, Reply& reply, std::uint64_t position, bool spent) {
    if (reply.is_closed()) return end(EndCause::finished);
    if (position >= answer_until_) return end(EndCause::drained);
    if (found == LineSplitter::Found::too_long) {
      reply.write("ERR line too long (max ", std::to_string(splitter_.max_line()), ")\n");
      return end(EndCause::line_too_long);
    }
    if (endpoint().unsent() > Conn::high_watermark) {
      conn().set_write_deadline(conn().reactor().now() + Conn::send_timeout);
      wait_.emplace<RoomOperation>(endpoint());
    } else if (spent) {
      wait_.emplace<NextTurnOperation>(conn().reactor());
    } else if (failure_ != 0) {
      const bool drained = is_draining() && failure_ == -static_cast<int>(ErrorCode::deadline_exceeded);
      return end(drained ? EndCause::drained : cause_of(failure_));
    } else {
      wait_for_bytes();
    }
    return true;
  }

  // After waiting for room: true if there is some now, or if it is no use to wait on.
  bool has_room() {
    auto& room = std::get<RoomOperation>(wait_);
    if (room.failure() == 0) return true;
    const bool timed_out = room.failure() == -static_cast<int>(ErrorCode::deadline_exceeded);
    if (timed_out && endpoint().bytes_written() > room.written_before) {  // slow, but it moves
      conn().set_write_deadline(conn().reactor().now() + Conn::send_timeout);
      wait_.emplace<RoomOperation>(endpoint());
      return false;
    }
    failure_ = room.failure();
    end(timed_out ? EndCause::slow_reader : cause_of(failure_));
    if (timed_out) conn().abort();
    ending_ = true;
    return true;
  }

  void wait_for_bytes() {
    const Duration idle = service().options().idle_timeout;
    if (idle > 0ns) endpoint().set_session_deadline(conn().reactor().now() + idle);
    wait_.emplace<FillOperation>(conn(), input_, splitter_);
  }

  bool end(EndCause cause) noexcept {
    cause_ = cause;
    return false;
  }

  void finish() { wait_.emplace<FinishOperation>(endpoint()); }

  Buffer input_;
  LineSplitter splitter_;
  std::uint64_t answer_until_ = no_limit;  // lines that begin before this offset of the input are answered
  std::uint64_t lines_ = 0;
  int failure_ = 0;  // why no more bytes will come, as in IoOperation
  EndCause cause_ = EndCause::error;
  bool ending_ = false;
  std::variant<Nothing, FillOperation, RoomOperation, NextTurnOperation, FinishOperation> wait_;
};

Task<> serve_lines(Service& service, Conn conn) {
  LineSession session(service, std::move(conn));
  do {
    co_await session.pause();
  } while (session.advance());
  session.report();
}

}  // namespace reactord
