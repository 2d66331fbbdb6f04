#include "serve/session.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <new>
#include <utility>

#include "event/directory.hpp"
#include "serve/server_core.hpp"

namespace reactord {

Session::Session(Service& service, Conn conn)
    : service_(service),
      conn_(std::move(conn)),
      began_(conn_.reactor().now()),
      limits_known_(server().limits_generation() % limits_generations) {
  endpoint().set_send_limits(service.send_limits());
  server().session_began(*this);
}

Session::Session(Session& former)
    : service_(former.service_),
      conn_(std::move(former.conn_)),
      began_(former.began_),
      killed_(former.killed_),
      is_told_to_drain_(former.is_told_to_drain_),
      limits_known_(former.limits_known_) {
  server().session_replaced(former, *this);
}

void Session::end_connection(LineConnection& connection, EndCause cause) noexcept {
  connection.on_end(cause);
  connection.session_ = nullptr;
  server().reactor().directory().forget(&connection);  // after on_end(), which may ask for a handle
}

bool Session::push(std::string_view bytes, Overflow overflow, PushTime when) noexcept {
  Endpoint& endpoint = this->endpoint();
  if (endpoint.is_closed() || endpoint.is_write_closed() || endpoint.write_failure() != 0) return false;
  const OutputLimits& output = service().limits().output;
  const std::size_t hard = output.hard > 0 ? output.hard : Buffer::max_size;
  const std::size_t most = overflow == Overflow::end ? hard : output.high;
  if (bytes.size() > most || endpoint.waiting(most) > most - bytes.size()) {
    if (overflow == Overflow::end) too_much_waits();
    return false;
  }
  if (when == PushTime::now) bytes.remove_prefix(endpoint.send_at_once(bytes));
  if (endpoint.write_failure() != 0) return false;
  if (bytes.empty()) return true;
  const std::size_t before = output_capacity();
  try {
    endpoint.append_behind(bytes);
  } catch (const std::bad_alloc&) {
    endpoint.run_out();
    return false;
  }
  if (output_capacity() != before) holds();
  return true;
}

bool Session::is_draining() const noexcept { return server().is_draining(); }
void Session::holds(std::size_t bytes) noexcept { server().sessions().holds(*this, bytes); }

// No effect on a retired connection: another cause has ended it.
void Session::kill() noexcept {
  if (endpoint().is_retired()) return;
  killed_ = true;
  conn_.abort();
  server().delivery().cut_short(*this);
  killed();
}

// The jitter is derived from the time and place at which the session began, so it need not be stored (the mixing step
// of SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
ClientClock Session::clock() const noexcept {
  std::uint64_t mixed =
      static_cast<std::uint64_t>(began_.nanoseconds()) ^ reinterpret_cast<std::uintptr_t>(this);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return {.quiet_since = began_,
          .accepted = began_,
          .drain_since = server().drain_since(),
          .jitter = static_cast<std::uint32_t>((mixed ^ (mixed >> 31)) >> 32)};
}

Time Session::spread(Time due) const noexcept {
  constexpr Duration longest = 100ms;
  constexpr unsigned bits_of_jitter = 32;
  const auto share = (static_cast<std::uint64_t>(longest.count()) * clock().jitter) >> bits_of_jitter;
  return std::max(due, server().reactor().now() + Duration(static_cast<Duration::rep>(share)));
}

EndFacts Session::end_facts(EndCause decided, int finish_failure, bool in_line) const noexcept {
  const Endpoint& endpoint = *conn_.endpoint_;
  assert(endpoint.is_closed());
  const bool never_taken = finish_failure == failure_of(ErrorCode::deadline_exceeded);
  return {.killed = killed_,
          .gave_up = endpoint.gave_up() || never_taken,
          .decided = decided,
          .write_failure = endpoint.write_failure(),
          .read_failure = endpoint.read_failure(),
          .all_answered = !in_line && endpoint.write_failure() == 0 && endpoint.unsent() == 0};
}

void Session::report_end(const EndFacts& facts, std::uint64_t lines, std::string_view limit) {
  ServerCore& server = this->server();
  if (server.observer() != nullptr) {
    server.observer()->on_closed({.number = number_,
                                  .protocol = service_.protocol(),
                                  .remote = conn_.remote_addr(),
                                  .cause = facts.cause(),
                                  .error = facts.error(),
                                  .limit = limit,
                                  .lines = lines,
                                  .bytes_read = conn_.bytes_read(),
                                  .bytes_written = conn_.bytes_written(),
                                  .duration = conn_.reactor().now() - began_,
                                  .all_answered = facts.all_answered});
  }
  server.session_ended(*this, facts.cause());
}

OpenConnection Session::describe() const noexcept {
  OpenWork work;
  count_work(work);
  const std::size_t unsent = conn_.endpoint_->unsent();
  const bool is_closing = conn_.endpoint_->is_closed() || !takes_place();
  const Time now = conn_.reactor().now();
  return {.number = number_,
          .protocol = service_.protocol(),
          .remote = conn_.remote_addr(),
          .state = is_closing            ? ConnectionState::closing
                   : unsent > 0          ? ConnectionState::sending
                   : work.half_lines > 0 ? ConnectionState::in_line
                   : work.streams > 0    ? ConnectionState::stream
                                         : ConnectionState::idle,
          .age = now - began_,
          .silent = now - std::max(began_, conn_.last_activity()),
          .lines = lines_delivered(),
          .bytes_read = conn_.bytes_read(),
          .bytes_written = conn_.bytes_written(),
          .buffered = buffered(),
          .unsent = unsent};
}

void Session::report_limit(std::string_view limit, std::string_view action) {
  if (server().observer() == nullptr) return;
  server().observer()->on_limit(
      {.limit = limit, .action = action, .protocol = service_.protocol(), .remote = &conn_.remote_addr()});
}

EndCause Session::handler_threw() noexcept {
  assert(std::current_exception() != nullptr);
  auto report = [this](std::string_view text) {
    if (server().observer() == nullptr) return;
    server().observer()->on_handler_failed(
        {.protocol = service_.protocol(), .remote = conn_.remote_addr(), .text = text});
  };
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return EndCause::over_limit;
  } catch (const std::exception& exception) {
    report(exception.what());
  } catch (...) {
    report("unknown exception");
  }
  return EndCause::error;
}

}  // namespace reactord
