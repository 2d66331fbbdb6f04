// LineExchange: lines in, replies out, of one connection of a LineHandler. The part of a line session that knows lines;
// the part that waits is LineSession.
//
//     bytes --> deliver ----+-- complete lines --> on_line(line, reply) --> replies --> one send
//                           +-- conclude: too long, closed, out of room, half a line left
//
// deliver() is the whole of the usual case. conclude() does everything else.
#pragma once

#include <cassert>
#include <optional>

#include "reactord/line_reader.hpp"
#include "serve/answer_bound.hpp"
#include "serve/proxy_header.hpp"
#include "serve/server_core.hpp"

namespace reactord {

class LineExchange : public Session {
 protected:
  LineExchange(Service& service, Conn served)
      : Session(service, std::move(served)),
        since_(conn().reactor().now()),
        splitter_(this->service().limits().max_line) {}

  // Delivers the lines in `bytes`, which lie behind all that was delivered before. Returns the number of bytes taken,
  // with the flag that something other than the next bytes is wanted, as for ReadOperation::take_. Memory that runs out
  // in the session's own part ends the connection.
  // `handler` is handler(), for a caller that knows its type.
  [[gnu::always_inline]] std::size_t deliver_or_end(std::string_view bytes, LineHandler& handler) noexcept;
  // The handler of this connection's lines.
  virtual LineHandler& handler() noexcept = 0;
  // The storage of all that waits for the peer.
  virtual std::size_t unsent_storage() const noexcept { return output_capacity(); }
  // Gives the handler a Reply outside a line: `greet` calls it. What it writes is sent.
  void greet(LineConnection& connection) noexcept;
  // Delivers the rest of the input as the last line.
  void deliver_last_line() noexcept;
  bool has_line() noexcept {
    return splitter_.ready(input_.view().substr(0, bound_.within_last(input_.size(), conn().bytes_read())));
  }
  // True while more output waits than the limits allow for a further line.
  bool wants_room() noexcept { return endpoint().unsent() > service().limits().output.high; }

  // The first cause counts.
  void end(EndCause cause) noexcept {
    if (!ended_by_) ended_by_ = cause;
  }
  void end_at_bound() noexcept { end(is_draining() ? EndCause::drained : EndCause::lifetime); }
  // True when every line that was to be answered is answered, and none of them is incomplete.
  bool is_answered() const noexcept { return input_.empty() && bound_.is_reached(conn().bytes_read()); }

  Time now() const noexcept { return server().reactor().now(); }
  ClientClock client_clock() const noexcept;
  // Moves the deadline of the pending read to when the clock may have a verdict.
  void look_sooner() noexcept { auto set = conn().set_read_deadline(client_clock().due(service().limits())); }

  // These six bytes fit into the padding at the end of Session.
  bool is_in_line_ : 1 = false;       // set while a line has begun and not ended
  bool is_cutting_ : 1 = false;       // set while the rest of a long line is discarded
  std::int16_t failure_ = 0;          // why no more bytes will come, encoded as in IoOperation
  std::optional<EndCause> ended_by_;  // why the connection ends; empty while it goes on
  Time since_;  // when the line began, if the line timeout holds; else when the last line ended
  Buffer input_;
  LineSplitter splitter_;
  AnswerBound bound_;
  std::uint64_t lines_ = 0;

 private:
  void too_much_waits() noexcept override {
    conn().abort();
    end(EndCause::slow_reader);
  }
  [[gnu::always_inline]] std::size_t deliver(std::string_view bytes, LineHandler& handler);
  [[gnu::always_inline]] bool delivered(std::size_t lines);
  std::size_t conclude(std::string_view bytes, const char* at, LineSplitter::Found found, Reply& reply);
  void decide(bool is_too_long, bool is_closed, bool more);
  std::size_t run_out_of_memory(std::size_t bytes) noexcept;
  bool make_room(const Reply& reply);
  void give_up_on_handler(Reply& reply) noexcept;
  void deliver_one(std::string_view line, Reply& reply) noexcept;
  const char* cut_line(const char* at, const char* end, Reply& reply);
  const char* behind_cut_line(const char* at, const char* end);
  void line_began() noexcept;
  void line_ended() noexcept;
};

inline std::size_t LineExchange::deliver_or_end(std::string_view bytes, LineHandler& handler) noexcept {
  try {
    return deliver(bytes, handler);
  } catch (const std::bad_alloc&) {
    return run_out_of_memory(bytes.size());
  }
}

inline std::size_t LineExchange::deliver(std::string_view bytes, LineHandler& handler) {
  if (lines_ < lines_of_proxy_signature && refuses_proxy_header(endpoint(), bytes)) [[unlikely]] {
    end(EndCause::proxy_header);
    return bytes.size() | ReadOperation::resume_bit;
  }
  Delivery& delivery = server().delivery();
  Reply& reply = delivery.begin(*this);
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const char* stop = end;
  const bool is_usual = !is_cutting_ && !bound_.is_set();
  if (!is_usual) [[unlikely]] {
    stop = at + bound_.within_last(bytes.size(), conn().bytes_read());
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

// Counts the lines and sends the replies. True if nothing is left unsent, and nothing was lost.
inline bool LineExchange::delivered(std::size_t lines) {
  Endpoint& endpoint = this->endpoint();
  Reactor& reactor = endpoint.reactor();
  lines_ += lines;
  since_ = reactor.now();
  if (is_in_line_) [[unlikely]]
    line_ended();
  if (!reactor.replies().empty()) return endpoint.send_replies(reactor.replies());
  return endpoint.unsent() == 0 && endpoint.write_failure() == 0;
}

}  // namespace reactord
