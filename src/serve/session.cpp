#include "serve/session.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

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

bool Session::is_draining() const noexcept { return server().is_draining(); }
void Session::holds(std::size_t bytes) noexcept { server().sessions().holds(*this, bytes); }

// No effect on a retired connection: another cause has ended it.
void Session::kill() noexcept {
  if (endpoint().is_retired()) return;
  killed_ = true;
  conn_.abort();
  server().delivery().cut_short(*this);
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
  const bool never_taken = finish_failure == failure_of(ErrorCode::deadline_exceeded);
  return {.killed = killed_,
          .gave_up = endpoint.gave_up() || never_taken,
          .decided = decided,
          .write_failure = endpoint.write_failure(),
          .read_failure = endpoint.read_failure(),
          .all_answered = !in_line && endpoint.write_failure() == 0 && endpoint.unsent() == 0};
}

void Session::ended(const EndFacts& facts, std::uint64_t lines, std::string_view limit) {
  ServerCore& server = this->server();
  if (server.observer() != nullptr) {
    server.observer()->on_closed({.protocol = service_.protocol(),
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

void Session::report_limit(std::string_view limit, std::string_view action) {
  if (server().observer() == nullptr) return;
  server().observer()->on_limit(
      {.limit = limit, .action = action, .protocol = service_.protocol(), .remote = &conn_.remote_addr()});
}

EndCause Session::handler_threw() noexcept {
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
