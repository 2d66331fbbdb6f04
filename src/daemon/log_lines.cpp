#include "daemon/log_lines.hpp"

#include "daemon/logfmt_json.hpp"
#include "daemon/setting_values.hpp"
#include "daemon/time_text.hpp"

namespace reactord {
namespace {

void append_line(std::string& out, ControlFormat format, LogLevel level, std::string_view time,
                 std::string_view text) {
  const std::string_view name = log_level_names[static_cast<std::size_t>(level)];
  if (format == ControlFormat::json) {
    (((out += "{\"time\":\"") += time) += "\",\"level\":\"") += name;
    append_logfmt_members(out += "\",", text);
    out += "}\n";
  } else {
    ((((out += "time=") += time) += " level=") += name) += ' ';
    (out += text) += '\n';
  }
}

}  // namespace

LogLines::LogLines(Log& log, LiveLines& lines, ControlFormat format, LogLevel level) noexcept
    : lines_(lines), format_(format), level_(level) {
  log.follow(*this);
}

void LogLines::on_line(LogLevel level, std::string_view time, std::string_view text) noexcept {
  if (level > level_) return;
  lines_.add([&](std::string& out) { append_line(out, format_, level, time, text); });
}

void append_events_omitted(std::string& out, std::uint64_t count, ControlFormat format) {
  append_line(out, format, LogLevel::warn, time_text(std::chrono::system_clock::now()),
              "event=events-omitted count=" + std::to_string(count));
}

}  // namespace reactord
