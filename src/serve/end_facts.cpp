#include "serve/end_facts.hpp"

#include <cassert>
#include <cerrno>

#include "reactord/conn.hpp"

namespace reactord {

EndCause EndFacts::cause() const noexcept {
  if (killed) return EndCause::killed;
  if (gave_up) return EndCause::slow_reader;
  if (decided == EndCause::over_limit) return decided;
  if (write_failure != 0) return cause_of(write_failure);
  if (read_failure != 0) return cause_of(read_failure);
  return decided;
}

int EndFacts::error() const noexcept {
  const EndCause ended_by = cause();
  if (ended_by != EndCause::reset && ended_by != EndCause::error) return 0;
  return write_failure != 0 ? write_failure : read_failure;
}

EndCause cause_of(int failure) noexcept {
  assert(failure != 0);
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

std::string_view limit_behind(EndCause cause, bool too_much) noexcept {
  if (!too_much) return {};
  return cause == EndCause::over_limit ? "max-buffers" : cause == EndCause::slow_reader ? "output-hard" : "";
}

}  // namespace reactord
