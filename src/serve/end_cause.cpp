#include "reactord/end_cause.hpp"

namespace reactord {

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
    case EndCause::no_answer:
      return "no-answer";
    case EndCause::lifetime:
      return "lifetime";
    case EndCause::over_limit:
      return "over-limit";
    case EndCause::over_rate:
      return "over-rate";
    case EndCause::proxy_header:
      return "proxy-header";
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
