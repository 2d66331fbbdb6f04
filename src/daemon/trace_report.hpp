// TraceReport: what a ConnectionTrace tells, as lines for an operator.
//
//     12:01:07.123 > hello                     from the client
//     12:01:07.123 < Server: hello             to the client
//     12:01:09.456 >+ half a li                no end of the line for a second: the rest follows
//     12:01:10.789 < xxxx ... (3000 bytes more)  longer than TracedLine::longest
//     12:01:11.012 ended: eof
//
// As JSON {"time":"...Z","from":"client","line":"hello"}, with "partial":true of a line without its end, "cut":3000; and
// {"time":"...Z","ended":"eof"}. Times are UTC, those of the line's end. Bytes are made printable (printable.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/control_command.hpp"
#include "daemon/live_lines.hpp"
#include "daemon/traced_line.hpp"
#include "reactord/timer.hpp"
#include "serve/connection_trace.hpp"

namespace reactord {

class TraceReport final : public ConnectionTracer, Timer {
 public:
  static constexpr Duration piece_after = 1s;

  // Shows `most` lines of the connection, then ends `lines`. `reactor` and `lines` must outlive it.
  TraceReport(Reactor& reactor, LiveLines& lines, ControlFormat format, std::uint64_t most);
  ~TraceReport();

 private:
  void on_received(std::string_view bytes) noexcept override { take(from_client_, bytes); }
  void on_sent(std::string_view bytes) noexcept override { take(to_client_, bytes); }
  void on_end(EndCause cause) noexcept override;
  void on_timer() override;

  void take(TracedLine& line, std::string_view bytes) noexcept;
  void show(const TracedLine& line, const TracedLine::Shown& shown) noexcept;
  void show_pieces(Time until) noexcept;
  void look_for_pieces() noexcept;
  std::string end_line(EndCause cause) const;

  Reactor& reactor_;
  LiveLines& lines_;
  const ControlFormat format_;
  std::uint64_t left_;  // lines
  TracedLine from_client_, to_client_;
  std::string time_;  // of the bytes that are shown: ISO 8601
};

// As an AppendOmitted of follow.hpp.
void append_trace_omitted(std::string& out, std::uint64_t count, ControlFormat format);

}  // namespace reactord
