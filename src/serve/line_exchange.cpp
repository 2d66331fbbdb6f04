#include "serve/line_exchange.hpp"

#include <cerrno>
#include <cstring>
#include <string>

namespace reactord {

ClientClock LineExchange::client_clock() const noexcept {
  ClientClock clock = this->clock();
  const bool has_unread = bound_.is_set() && !bound_.is_reached(conn().bytes_read());
  clock.quiet_since = since_;
  if (is_in_line_ && !has_unread) clock.line_since = since_;  // else the rest of the line has arrived
  if (bound_.is_set()) clock.accepted = Time::never();        // it is over, or a drain ends it
  return clock;
}

// No later answer takes the place of the lost one.
[[gnu::cold]] std::size_t LineExchange::run_out_of_memory(std::size_t bytes) noexcept {
  server().delivery().end();
  server().delivery().drop_next();
  server().delivery().open(service().limits().output.high);
  endpoint().reactor().replies().clear();
  failure_ = ENOMEM;
  endpoint().run_out();
  return bytes | ReadOperation::resume_bit;
}

void LineExchange::greet(LineConnection& connection) noexcept {
  try {
    Reply& reply = server().delivery().begin(*this);
    try {
      connection.on_open(reply);
    } catch (...) {
      give_up_on_handler(reply);
    }
    delivered(0);
    conclude({}, nullptr, LineSplitter::Found::line, reply);
  } catch (const std::bad_alloc&) {
    run_out_of_memory(0);
  }
}

// The work after an unusual delivery. It has six arguments: a seventh would be passed on the stack, and cost each
// line the register that holds this session.
[[gnu::noinline]] std::size_t LineExchange::conclude(std::string_view bytes, const char* at,
                                                     LineSplitter::Found found, Reply& reply) {
  const char* const stop = bytes.data() + bound_.within_last(bytes.size(), conn().bytes_read());
  const char* const end = bytes.data() + bytes.size();
  bool is_too_long = found == LineSplitter::Found::too_long;
  if (is_too_long && service().limits().long_lines != LongLine::close) {
    at = cut_line(at, end, reply);
    is_too_long = false;
  }
  const auto taken = static_cast<std::size_t>(at - bytes.data());
  const auto left = static_cast<std::size_t>(end - at);
  server().delivery().end();
  server().delivery().note_next();
  decide(is_too_long, reply.is_closed(), at < stop);
  server().delivery().open(service().limits().output.high);
  holds(Endpoint::capacity_left(input_, left) + unsent_storage());
  const bool has_line =
      at < stop && splitter_.ready(std::string_view(at, static_cast<std::size_t>(stop - at)));
  if (ended_by_ || wants_room() || has_line) return taken | ReadOperation::resume_bit;
  if (left > 0 || is_cutting_) line_began();
  return taken;
}

// Decides whether this connection has come to its end. `more`: bytes are left that are to be answered.
void LineExchange::decide(bool is_too_long, bool is_closed, bool more) {
  // An answer is lost: no other may take its place.
  if (endpoint().write_failure() != 0) return end(EndCause::reset);
  if (is_closed) return end(EndCause::finished);
  if (is_too_long) {
    endpoint().output().append(endpoint().reactor().buffers(), "ERR line too long (max ",
                               std::to_string(splitter_.max_line()), ")\n");
    return end(EndCause::line_too_long);
  }
  const OutputLimits& output = service().limits().output;
  if (output.hard > 0 && endpoint().unsent() > output.hard) return too_much_waits();
  if (!more && bound_.is_reached(conn().bytes_read())) end_at_bound();
}

// Called within a catch block when an exception has left the handler. Earlier answers are sent.
[[gnu::cold]] void LineExchange::give_up_on_handler(Reply& reply) noexcept {
  reply.close();
  end(handler_threw());
}

// Hands over a line outside a run of complete ones.
void LineExchange::deliver_one(std::string_view line, Reply& reply) noexcept {
  ++lines_;
  try {
    handler().on_line(line, reply);
  } catch (...) {
    give_up_on_handler(reply);
  }
}

void LineExchange::deliver_last_line() noexcept {
  Reply reply(endpoint().reactor().buffers(), endpoint().output());
  deliver_one(LineSplitter::last(input_.view()), reply);
  input_.clear();
}

// Called for the first bytes of a line. Later bytes do not renew its time.
[[gnu::noinline]] void LineExchange::line_began() noexcept {
  if (is_in_line_) return;
  is_in_line_ = true;
  if (service().limits().line_timeout > 0ns) since_ = now();  // else the silence goes on
  look_sooner();
}

[[gnu::noinline]] void LineExchange::line_ended() noexcept {
  is_in_line_ = false;
  since_ = now();
  look_sooner();  // its lifetime may be over, which did not count meanwhile
  if (is_listed()) holds(unsent_storage());
}

// Answers a line that is too long, and discards the rest of it. Returns the end of the rest, or `end` if it goes on.
const char* LineExchange::cut_line(const char* at, const char* end, Reply& reply) {
  const bool is_truncated = service().limits().long_lines == LongLine::truncate;
  if (is_truncated) {
    deliver_one(std::string_view(at, splitter_.max_line() - 1), reply);
  } else {
    reply.write("ERR line too long (max ", std::to_string(splitter_.max_line()), ")\n");
    ++lines_;
  }
  report_limit("max-line", is_truncated ? "truncated" : "discarded");
  Buffer& replies = endpoint().reactor().replies();
  if (!replies.empty()) endpoint().send_replies(replies);
  splitter_ = LineSplitter(splitter_.max_line());
  is_cutting_ = true;
  return behind_cut_line(at, end);
}

// Discards the rest of a line that was cut.
[[gnu::noinline]] const char* LineExchange::behind_cut_line(const char* at, const char* end) {
  if (!is_cutting_) return at;
  const void* newline = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
  if (newline == nullptr) return end;
  is_cutting_ = false;
  line_ended();
  return static_cast<const char*>(newline) + 1;
}

// Sends the replies so far. False: no further line may be served now.
[[gnu::noinline]] bool LineExchange::make_room(const Reply& reply) {
  if (!endpoint().reactor().replies().empty()) endpoint().send_replies(endpoint().reactor().replies());
  return !reply.is_closed() && endpoint().write_failure() == 0 && !wants_room();
}

}  // namespace reactord
