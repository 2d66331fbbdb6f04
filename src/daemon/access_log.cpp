#include "daemon/access_log.hpp"

#include <string>

#include "base/suggestion.hpp"

namespace reactord {
namespace {

constexpr std::string_view sample_prefix = "sample=1/";

}  // namespace

Parsed<AccessLog> AccessLog::parse(std::string_view text) {
  AccessLog log;
  if (text == "all") return log;
  log.others_ = Others::none;
  if (text == "errors") return log;
  log.logs_failures_ = false;
  if (text == "off") return log;
  if (!text.starts_with(sample_prefix))
    return std::unexpected(std::string(text) + ": " + suggestion(text, access_log_words));
  auto one_in = parse_number(text.substr(sample_prefix.size()), 1, least_often);
  if (!one_in) {
    return std::unexpected(std::string(text) + ": write sample=1/N, and for N a number from 1 to " +
                           std::to_string(least_often));
  }
  log.logs_failures_ = true;
  log.others_ = Others::sample;
  log.one_in_ = *one_in;
  return log;
}

bool AccessLog::admits(const ConnectionEnd& end) noexcept {
  if (is_failure(end)) return logs_failures_;
  if (others_ != Others::sample) return others_ == Others::all;
  if (left_ > 0) {
    --left_;
    return false;
  }
  left_ = one_in_ - 1;
  return true;
}

bool is_failure(const ConnectionEnd& end) noexcept {
  switch (end.cause) {
    case EndCause::eof:
    case EndCause::finished:
    case EndCause::idle:
    case EndCause::lifetime:
    case EndCause::drained:
      return false;
    case EndCause::reset:
      return !end.all_answered;
    case EndCause::slow_line:
    case EndCause::slow_reader:
    case EndCause::no_answer:
    case EndCause::line_too_long:
    case EndCause::over_limit:
    case EndCause::over_rate:
    case EndCause::proxy_header:
    case EndCause::killed:
    case EndCause::error:
      break;
  }
  return true;
}

}  // namespace reactord
