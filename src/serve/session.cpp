#include "serve/session.hpp"

#include <cerrno>
#include <utility>

namespace reactord {

Session::Session(Service& service, Conn conn)
    : service_(service), conn_(std::move(conn)), began_(conn_.reactor().now()) {
  server().session_began(*this);
}

void Session::ended(EndCause cause, int error, std::uint64_t lines) {
  Server& server = this->server();
  if (server.options_.observer != nullptr) {
    server.options_.observer->on_closed({.protocol = service_.protocol(),
                                         .remote = conn_.remote_addr(),
                                         .cause = cause,
                                         .error = error,
                                         .limit = {},
                                         .lines = lines,
                                         .bytes_read = conn_.bytes_read(),
                                         .bytes_written = conn_.bytes_written(),
                                         .duration = conn_.reactor().now() - began_});
  }
  server.session_ended(*this, cause);
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
