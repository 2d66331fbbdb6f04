// LogLines: the lines of the log, as an operator follows them.
//
//     time=2026-01-31T12:00:00.000Z level=info event=closed protocol=line ...
//     {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"closed","protocol":"line", ...}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/control_command.hpp"
#include "daemon/live_lines.hpp"
#include "daemon/log.hpp"

namespace reactord {

class LogLines final : LogFollower {
 public:
  // Follows `log` for as long as it lives: lines of `level` and those above it. Both must outlive it.
  LogLines(Log& log, LiveLines& lines, ControlFormat format, LogLevel level) noexcept;
  ~LogLines() { Log::leave(*this); }

 private:
  void on_line(LogLevel level, std::string_view time, std::string_view text) noexcept override;
  void on_line_lost() noexcept override { lines_.leave_out(); }

  LiveLines& lines_;
  const ControlFormat format_;
  const LogLevel level_;
};

// As an AppendOmitted of follow.hpp: event=events-omitted count=17.
void append_events_omitted(std::string& out, std::uint64_t count, ControlFormat format);

}  // namespace reactord
