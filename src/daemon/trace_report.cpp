#include "daemon/trace_report.hpp"

#include <cassert>
#include <new>

#include "daemon/printable.hpp"
#include "daemon/time_text.hpp"
#include "reactord/reactor.hpp"

namespace reactord {
namespace {

constexpr std::size_t longest_time = 32;

std::chrono::system_clock::time_point wall_clock() { return std::chrono::system_clock::now(); }

// The time of the day alone: 12:01:07.123.
std::string_view hour_of(std::string_view time) {
  constexpr std::string_view day = "2026-01-31T";
  return time.substr(day.size(), time.size() - day.size() - 1);
}

void append_text(std::string& out, std::string_view time, bool is_clients, const TracedLine::Shown& shown) {
  (out += hour_of(time)) += is_clients ? " >" : " <";
  (out += shown.has_ended ? " " : "+ ") += printable(shown.bytes);
  if (shown.cut > 0) ((out += " ... (") += std::to_string(shown.cut)) += " bytes more)";
  out += '\n';
}

void append_json(std::string& out, std::string_view time, bool is_clients, const TracedLine::Shown& shown) {
  (out += "{\"time\":\"") += time;
  (out += "\",\"from\":\"") += is_clients ? "client" : "server";
  append_quoted(out += "\",\"line\":", shown.bytes);
  if (!shown.has_ended) out += ",\"partial\":true";
  if (shown.cut > 0) (out += ",\"cut\":") += std::to_string(shown.cut);
  out += "}\n";
}

}  // namespace

TraceReport::TraceReport(Reactor& reactor, LiveLines& lines, ControlFormat format, std::uint64_t most)
    : reactor_(reactor), lines_(lines), format_(format), left_(most) {
  assert(most > 0);
  time_.reserve(longest_time);
}

TraceReport::~TraceReport() { reactor_.timers().cancel(*this); }

void TraceReport::take(TracedLine& line, std::string_view bytes) noexcept {
  if (left_ == 0) return;
  time_.clear();
  append_time(time_, wall_clock());
  line.take(bytes, reactor_.now(), [&](const TracedLine::Shown& shown) { show(line, shown); });
  look_for_pieces();
}

void TraceReport::show(const TracedLine& line, const TracedLine::Shown& shown) noexcept {
  if (left_ == 0) return;
  const bool is_clients = &line == &from_client_;
  lines_.add([&](std::string& out) {
    format_ == ControlFormat::json ? append_json(out, time_, is_clients, shown)
                                   : append_text(out, time_, is_clients, shown);
  });
  if (--left_ == 0) lines_.end();
}

// Shows the pieces that have begun by then.
void TraceReport::show_pieces(Time until) noexcept {
  time_.clear();
  append_time(time_, wall_clock());
  for (TracedLine* line : {&from_client_, &to_client_}) {
    if (line->since() <= until) line->show_piece([&](const TracedLine::Shown& shown) { show(*line, shown); });
  }
}

void TraceReport::look_for_pieces() noexcept {
  const Time since = std::min(from_client_.since(), to_client_.since());
  if (!since.is_never() && left_ > 0 && !is_armed()) reactor_.arm(*this, since + piece_after);
}

void TraceReport::on_timer() {
  show_pieces(reactor_.now() + -piece_after);
  look_for_pieces();
}

void TraceReport::on_end(EndCause cause) noexcept {
  reactor_.timers().cancel(*this);
  show_pieces(reactor_.now());
  try {
    lines_.end(end_line(cause));
  } catch (const std::bad_alloc&) {
    lines_.end();
  }
}

std::string TraceReport::end_line(EndCause cause) const {
  std::string text;
  if (format_ == ControlFormat::json) {
    (((text += "{\"time\":\"") += time_) += "\",\"ended\":\"") += to_string(cause);
    return text += "\"}\n";
  }
  return ((text += hour_of(time_)) += " ended: ").append(to_string(cause)) += '\n';
}

void append_trace_omitted(std::string& out, std::uint64_t count, ControlFormat format) {
  const std::string time = time_text(wall_clock());
  if (format == ControlFormat::json) {
    (((out += "{\"time\":\"") += time) += "\",\"omitted\":") += std::to_string(count);
    out += "}\n";
  } else {
    ((out += hour_of(time)) += " ... ") += std::to_string(count);
    out += count == 1 ? " line left out\n" : " lines left out\n";
  }
}

}  // namespace reactord
