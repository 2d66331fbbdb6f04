#include "daemon/event_log.hpp"

#include "daemon/shown_address.hpp"

namespace reactord {
namespace {

void add_peer(Log::Line& line, const Address& address) {
  line.add("peer", shown_address(address));
  const auto peer = address.credentials();
  if (peer && peer->process > 0) line.add("pid", static_cast<std::uint64_t>(peer->process));
  if (peer) line.add("uid", static_cast<std::uint64_t>(peer->user));
}

// True when it asked nothing, or closed once all was answered, as a balancer's health checks do.
bool is_probe(const ConnectionEnd& end) noexcept {
  if (end.cause == EndCause::reset) return end.all_answered;
  return end.cause == EndCause::eof && end.bytes_read == 0;
}

}  // namespace

EventLog::EventLog(Reactor& reactor, Log& log, unsigned rate)
    : reactor_(reactor), log_(log), limiter_(rate) {}

EventLog::~EventLog() { reactor_.timers().cancel(*this); }

void EventLog::set_rate(unsigned rate) {
  summarize();
  limiter_ = LogLimiter(rate);
}

bool EventLog::admits(const LogKind& kind) {
  if (!log_.is_enabled(kind.level)) return false;  // disabled lines are not counted as left out
  const Time now = reactor_.now();
  if (limiter_.admits(kind, now)) return true;
  ++omitted_;
  if (!is_armed()) reactor_.arm(*this, now + LogLimiter::summary_after);
  return false;
}

void EventLog::summarize() {
  reactor_.timers().cancel(*this);
  limiter_.take_omitted([this](const LogKind& kind, std::uint64_t count) {
    auto line = log_.line(kind.level, "omitted");
    line.add("kind", kind.event);
    for (const LogKind::Value& value : {kind.first, kind.second}) {
      if (!value.key.empty()) line.add(value.key, value.value);
    }
    line.add("count", count);
  });
}

void EventLog::closed(const ConnectionEnd& end) noexcept {
  if (!access_log_.admits(end)) return;
  const std::string_view cause = to_string(end.cause);
  const LogKind::Value limit = end.limit.empty() ? LogKind::Value{} : LogKind::Value{"limit", end.limit};
  const LogLevel level = is_probe(end) ? probe_level_ : LogLevel::info;
  tell({.level = level, .event = "closed", .first = {"cause", cause}, .second = limit}, [&](Log::Line& line) {
    line.add("protocol", end.protocol);
    add_peer(line, end.remote);
    line.add("cause", cause);
    if (!end.limit.empty()) line.add("limit", end.limit);
    if (end.error != 0) line.add("error", errno_text(end.error));
    if (end.lines > 0) line.add("lines", end.lines);
    line.add("in", end.bytes_read).add("out", end.bytes_written).add_seconds("seconds", end.duration);
    if (end.number > 0) line.add("id", end.number);
  });
}

void EventLog::limit_reached(const LimitReached& limit) noexcept {
  tell({.level = LogLevel::warn,
        .event = "limit",
        .first = {"limit", limit.limit},
        .second = {"action", limit.action}},
       [&](Log::Line& line) {
         line.add("limit", limit.limit).add("action", limit.action).add("protocol", limit.protocol);
         if (limit.remote != nullptr) add_peer(line, *limit.remote);
       });
}

void EventLog::stalled(const HandlerStall& stall) noexcept {
  tell({.level = LogLevel::warn, .event = "stall"}, [&](Log::Line& line) {
    if (!stall.protocol.empty()) line.add("protocol", stall.protocol);
    if (stall.remote != nullptr) add_peer(line, *stall.remote);
    line.add_seconds("seconds", stall.duration);
    if (stall.connection > 0) line.add("id", stall.connection);
  });
}

void EventLog::handler_failed(const HandlerFailure& failure) noexcept {
  tell({.level = LogLevel::error, .event = "handler-failed"}, [&](Log::Line& line) {
    line.add("protocol", failure.protocol);
    add_peer(line, failure.remote);
    line.add("error", failure.text);
  });
}

void EventLog::accept_paused(const Error& error, Duration pause) noexcept {
  tell({.level = LogLevel::warn, .event = "accept-paused"},
       [&](Log::Line& line) { line.add("error", error.text()).add_seconds("retry", pause); });
}

void EventLog::wait_failed(const Error& error) noexcept {
  tell({.level = LogLevel::error, .event = "wait-failed"},
       [&](Log::Line& line) { line.add("error", error.text()); });
}

void EventLog::listener_failed(const Error& error) noexcept {
  tell({.level = LogLevel::error, .event = "listener-failed"},
       [&](Log::Line& line) { line.add("error", error.text()); });
}

}  // namespace reactord
