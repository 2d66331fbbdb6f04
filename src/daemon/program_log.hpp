// ProgramLog: the events of programs as lines of the log, with a rate limit for each kind and program; and their numbers.
//
//     event=program-started program=upper worker=1 pid=711
//     event=program-said program=upper worker=1 pid=711 text="Traceback (most recent call last):"
//     event=program-ended program=upper worker=1 pid=711 status="exit status 1" lines=12 lost=1 lived=3.200 next-in=0.100
//
// A process that serves one connection has its peer in the place of a worker's number.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/counters.hpp"
#include "daemon/event_log.hpp"
#include "daemon/labelled_counts.hpp"
#include "daemon/settings.hpp"
#include "protocols/programs/program_observer.hpp"

namespace reactord {

class Programs;

class ProgramLog final : public ProgramObserver {
 public:
  explicit ProgramLog(EventLog& events) noexcept : events_(events) {}  // it must outlive this

  void on_program_started(const ProgramProcess& process) override;
  void on_program_ended(const ProgramProcess& process, const ProgramEnd& end) override;
  void on_program_not_started(const ProgramProcess& process, const Error& error, Duration pause) override;
  void on_program_said(const ProgramProcess& process, std::string_view line, bool is_cut) override;
  void on_program_silent(const ProgramProcess& process, std::string_view hint) override;
  void on_program_gave_no_answer(const ProgramProcess& process, const Address& remote) override;

  // For Counters: the processes that run, and those that were started so far. Nothing, if there were none.
  void tell(TellCounter& tell) const;
  void add_to(Log::Line& line) const;

  // The starts of each program, also of those that are no longer served.
  static constexpr std::size_t most_programs = 256;
  const LabelledCounts& starts() const noexcept { return starts_; }

 private:
  template <typename Fill>
  void log(LogLevel level, std::string_view event, const ProgramProcess& process, Fill fill) noexcept;

  EventLog& events_;
  std::size_t processes_ = 0;
  std::uint64_t started_ = 0;
  LabelledCounts starts_{most_programs};
};

// Warns of programs that the settings name and no listener serves.
void log_unused_programs(Log& log, const Options& options, Programs& programs);

}  // namespace reactord
