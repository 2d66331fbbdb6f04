#include "serve/session.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace reactord {

// A Buffer counts in 32 bits, and doubles. A low mark above the high one would let a session wait for nothing, for ever.
Limits within_reason(Limits limits) noexcept {
  constexpr std::size_t least_line = 2, most = std::size_t{1} << 30;
  limits.max_line = std::clamp(limits.max_line, least_line, most);
  limits.output.high = std::clamp<std::size_t>(limits.output.high, 1, most);
  limits.output.low = std::min(limits.output.low, limits.output.high);
  return limits;
}

SendLimits send_limits_of(const Limits& limits) noexcept {
  const bool gives_up = limits.write_timeout > 0ns;
  return {.high = limits.output.high,
          .low = limits.output.low,
          .timeout = gives_up ? limits.write_timeout : Conn::send_timeout,
          .gives_up = gives_up};
}

Session::Session(Service& service, Conn conn)
    : service_(service), conn_(std::move(conn)), began_(conn_.reactor().now()) {
  endpoint().set_send_limits(service.send_limits());
  server().session_began(*this);
}

// The jitter is drawn from when and where the session began, so that nothing has to be kept of it (the mixing step of
// SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
Time Session::lifetime_end() const noexcept {
  const Limits& limits = service_.limits();
  if (limits.lifetime == 0ns) return Time::never();  // no longer
  std::uint64_t mixed =
      static_cast<std::uint64_t>(began_.nanoseconds()) ^ reinterpret_cast<std::uintptr_t>(this);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  const double share = static_cast<double>((mixed ^ (mixed >> 31)) >> 11) / static_cast<double>(1ULL << 53);
  const double less = share * limits.lifetime_jitter_percent / 100;
  constexpr double longest =
      9e18;  // fits into a Duration, of which the longest itself is rounded up beyond it
  const double lifetime = std::min((1 - less) * static_cast<double>(limits.lifetime.count()), longest);
  return began_ + Duration(static_cast<Duration::rep>(lifetime));
}

void Session::ended(EndCause cause, int error, std::uint64_t lines, std::string_view limit) {
  Server& server = this->server();
  if (server.options_.observer != nullptr) {
    server.options_.observer->on_closed({.protocol = service_.protocol(),
                                         .remote = conn_.remote_addr(),
                                         .cause = cause,
                                         .error = error,
                                         .limit = limit,
                                         .lines = lines,
                                         .bytes_read = conn_.bytes_read(),
                                         .bytes_written = conn_.bytes_written(),
                                         .duration = conn_.reactor().now() - began_});
  }
  server.session_ended(*this, cause);
}

void Session::report_limit(std::string_view limit, std::string_view action) {
  ServerObserver* observer = server().options_.observer;
  if (observer == nullptr) return;
  observer->on_limit(
      {.limit = limit, .action = action, .protocol = service_.protocol(), .remote = &conn_.remote_addr()});
}

void Session::runs() noexcept {
  Server& server = this->server();
  server.queued_ = this;
  server.queued_dispatch_ = server.reactor_.dispatch();
}

EndCause cause_of(int failure) noexcept {
  if (failure == ECONNRESET || failure == EPIPE) return EndCause::reset;
  if (failure > 0) return EndCause::error;
  switch (static_cast<ErrorCode>(-failure)) {
    case ErrorCode::eof:
      return EndCause::eof;
    case ErrorCode::deadline_exceeded:
      return EndCause::idle;
    case ErrorCode::closed:
      return EndCause::killed;
    default:
      return EndCause::error;
  }
}

const char* to_string(EndCause cause) noexcept {
  switch (cause) {
    case EndCause::eof:
      return "eof";
    case EndCause::finished:
      return "finished";
    case EndCause::reset:
      return "reset";
    case EndCause::idle:
      return "idle";
    case EndCause::slow_line:
      return "slow-line";
    case EndCause::slow_reader:
      return "slow-reader";
    case EndCause::line_too_long:
      return "line-too-long";
    case EndCause::lifetime:
      return "lifetime";
    case EndCause::over_limit:
      return "over-limit";
    case EndCause::over_rate:
      return "over-rate";
    case EndCause::drained:
      return "drained";
    case EndCause::killed:
      return "killed";
    case EndCause::error:
      return "error";
  }
  return "error";
}

}  // namespace reactord
