#include "daemon/event_log.hpp"

#include <new>

namespace reactord {

EventLog::EventLog(Reactor& reactor, Log& log, unsigned rate)
    : reactor_(reactor), log_(log), limiter_(rate) {}

EventLog::~EventLog() { reactor_.timers().cancel(*this); }

void EventLog::set_rate(unsigned rate) {
  summarize();
  limiter_ = LogLimiter(rate);
}

bool EventLog::admits(const LogKind& kind) {
  if (!log_.is_enabled(kind.level)) return false;  // and nobody misses it
  const Time now = reactor_.now();
  if (limiter_.admits(kind, now)) return true;
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

template <typename Fill>
void EventLog::tell(const LogKind& kind, Fill fill) noexcept {
  try {
    if (!admits(kind)) return;
    auto line = log_.line(kind.level, kind.event);
    fill(line);
  } catch (const std::bad_alloc&) {
    log_.count_dropped();
  }
}

void EventLog::closed(const ConnectionEnd& end) noexcept {
  const std::string_view cause = to_string(end.cause);
  const LogKind::Value limit = end.limit.empty() ? LogKind::Value{} : LogKind::Value{"limit", end.limit};
  tell({.level = LogLevel::info, .event = "closed", .first = {"cause", cause}, .second = limit},
       [&](Log::Line& line) {
         line.add("protocol", end.protocol).add("peer", end.remote.text()).add("cause", cause);
         if (!end.limit.empty()) line.add("limit", end.limit);
         if (end.error != 0) line.add("error", errno_text(end.error));
         if (end.lines > 0) line.add("lines", end.lines);
         line.add("in", end.bytes_read).add("out", end.bytes_written).add_seconds("seconds", end.duration);
       });
}

void EventLog::limit_reached(const LimitReached& limit) noexcept {
  tell({.level = LogLevel::warn,
        .event = "limit",
        .first = {"limit", limit.limit},
        .second = {"action", limit.action}},
       [&](Log::Line& line) {
         line.add("limit", limit.limit).add("action", limit.action).add("protocol", limit.protocol);
         if (limit.remote != nullptr) line.add("peer", limit.remote->text());
       });
}

void EventLog::stalled(const HandlerStall& stall) noexcept {
  tell({.level = LogLevel::warn, .event = "stall"}, [&](Log::Line& line) {
    if (!stall.protocol.empty()) line.add("protocol", stall.protocol);
    if (stall.remote != nullptr) line.add("peer", stall.remote->text());
    line.add_seconds("seconds", stall.duration);
  });
}

void EventLog::handler_failed(const HandlerFailure& failure) noexcept {
  tell({.level = LogLevel::error, .event = "handler-failed"}, [&](Log::Line& line) {
    line.add("protocol", failure.protocol).add("peer", failure.remote.text()).add("error", failure.text);
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
