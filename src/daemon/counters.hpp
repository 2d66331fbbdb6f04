// Counters: the numbers that SIGUSR1 asks for and that the end reports, in one line, the same in every mode:
//
//     event=counters accepted=91 open=3 eof=80 ... lines= in= out= uptime= resident= buffers= reload=
//
//     accepted, open, the causes   what the Server counts
//     lines, in, out               of the connections that have ended; open ones are not counted yet
//     uptime, resident, buffers    seconds; bytes of memory that the process has, and of those its connections' buffers
//     reload                       none, done or failed: the last one, with its time, and with its mistakes
//
// Nothing is counted per line: a connection adds its counts when it ends. What metrics tell beside is counted here, too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <variant>

#include "daemon/event_counts.hpp"
#include "daemon/live_totals.hpp"
#include "daemon/log.hpp"
#include "reactord/server.hpp"

namespace reactord {

// A Duration is of seconds, and a time point the time of a day.
using CounterValue =
    std::variant<std::uint64_t, Duration, std::string_view, std::chrono::system_clock::time_point>;
// Is called for each counter, in their order. A text is valid during the call.
using TellCounter = std::move_only_function<void(std::string_view name, const CounterValue& value)>;

// For a TellCounter that makes a line of the log.
void add_counter(Log::Line& line, std::string_view name, const CounterValue& value);

class Counters {
 public:
  Counters(Reactor& reactor, const Server& server) noexcept;  // both must outlive its use

  void closed(const ConnectionEnd& end) noexcept;
  // 0 mistakes: it succeeded.
  void reloaded(std::size_t mistakes, std::chrono::system_clock::time_point now) noexcept;

  void tell(TellCounter& tell) const;
  void add_to(Log::Line& line) const;

  // ---- For metrics, beside the above.

  struct Reloads {
    std::uint64_t done = 0, failed = 0;
    std::chrono::system_clock::time_point last = {};  // 1970: there was none
  };
  EventCounts& events() noexcept { return events_; }
  const EventCounts& events() const noexcept { return events_; }
  LiveTotals& totals() noexcept { return totals_; }
  const Reloads& reloads() const noexcept { return reloads_; }
  std::chrono::system_clock::time_point started_at() const noexcept { return started_at_; }

 private:
  enum class Reload : std::uint8_t {
    none,  // no reload so far
    done,
    failed,  // every setting stayed as it was
  };

  Reactor& reactor_;
  const Server& server_;
  Time started_;
  std::chrono::system_clock::time_point started_at_ = std::chrono::system_clock::now();
  LiveTotals totals_;
  EventCounts events_;
  Reload reload_ = Reload::none;
  Reloads reloads_;
  std::size_t reload_mistakes_ = 0;
};

}  // namespace reactord
