#include "daemon/program_log.hpp"

#include "daemon/programs.hpp"
#include "daemon/shown_address.hpp"

namespace reactord {

template <typename Fill>
void ProgramLog::log(LogLevel level, std::string_view event, const ProgramProcess& process,
                     Fill fill) noexcept {
  events_.tell({.level = level, .event = event, .first = {"program", process.program}}, [&](Log::Line& line) {
    line.add("program", process.program);
    if (process.number > 0) line.add("worker", process.number);
    if (process.remote != nullptr) line.add("peer", shown_address(*process.remote));
    if (process.pid > 0) line.add("pid", static_cast<std::uint64_t>(process.pid));
    fill(line);
  });
}

void ProgramLog::on_program_started(const ProgramProcess& process) {
  ++processes_;
  ++started_;
  starts_.add(process.program);
  log(LogLevel::info, "program-started", process, [](Log::Line&) {});
}

void ProgramLog::on_program_ended(const ProgramProcess& process, const ProgramEnd& end) {
  --processes_;
  const bool is_failure = !end.reason.empty() || end.lost > 0 || end.pause > 0s;
  log(is_failure ? LogLevel::warn : LogLevel::info, "program-ended", process, [&](Log::Line& line) {
    line.add("status", end.status);
    if (!end.reason.empty()) line.add("reason", end.reason);
    line.add("lines", end.lines);
    if (end.lost > 0) line.add("lost", end.lost);
    line.add_seconds("lived", end.lived);
    if (end.pause > 0s) line.add_seconds("next-in", end.pause);
  });
}

void ProgramLog::on_program_not_started(const ProgramProcess& process, const Error& error, Duration pause) {
  log(LogLevel::error, "program-not-started", process, [&](Log::Line& line) {
    line.add("error", error.text());
    if (pause > 0s) line.add_seconds("next-in", pause);
  });
}

void ProgramLog::on_program_said(const ProgramProcess& process, std::string_view said, bool is_cut) {
  log(LogLevel::info, "program-said", process, [&](Log::Line& line) {
    line.add("text", said);
    if (is_cut) line.add("cut", "yes");
  });
}

void ProgramLog::on_program_silent(const ProgramProcess& process, std::string_view hint) {
  log(LogLevel::warn, "program-silent", process, [&](Log::Line& line) { line.add("hint", hint); });
}

void ProgramLog::on_program_gave_no_answer(const ProgramProcess& process, const Address& remote) {
  log(LogLevel::warn, "program-gave-no-answer", process,
      [&](Log::Line& line) { line.add("peer", shown_address(remote)); });
}

void ProgramLog::tell(TellCounter& tell) const {
  if (started_ == 0) return;
  tell("processes", std::uint64_t{processes_});
  tell("process-starts", started_);
}

void ProgramLog::add_to(Log::Line& line) const {
  TellCounter add = [&line](std::string_view name, const CounterValue& value) {
    add_counter(line, name, value);
  };
  tell(add);
}

void log_unused_programs(Log& log, const Options& options, Programs& programs) {
  for (const ProgramSettings& program : options.programs) {
    if (programs.find(program.name) != nullptr) continue;
    log.line(LogLevel::warn, "program-unused")
        .add("program", program.name)
        .add("reason", "it is not started, because nothing listens for it: write listen = " + program.name +
                           "@ADDRESS");
  }
}

}  // namespace reactord
