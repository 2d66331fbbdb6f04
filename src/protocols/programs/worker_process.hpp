// WorkerProcess: one long-lived process of a program that serves many connections by lines.
//
//     start --> serving --- finish(): its connections are another's --> finishing --+
//                  |                                                       |        | program_grace: SIGTERM,
//                  |  end(why): no answer counts any more; SIGTERM         |        | program_term_grace: SIGKILL
//                  +----------> over <-------------------------------------+        |
//                                 |              its output has ended               |
//                                 +--- the process has ended and is reaped <--------+---> on_worker_ended
#pragma once

#include <cassert>
#include <memory>
#include <optional>
#include <string>

#include "protocols/programs/error_lines.hpp"
#include "protocols/programs/program_host.hpp"
#include "protocols/programs/program_settings.hpp"
#include "protocols/programs/started_program.hpp"
#include "protocols/programs/worker_input.hpp"
#include "protocols/programs/worker_output.hpp"

namespace reactord {

class WorkerProcess;

class WorkerProcessListener {
 public:
  // Lines that it has written, each with its newline. Result: those from the first on that is no answer; empty: all are
  // answers, or it is over.
  virtual std::string_view on_worker_lines(WorkerProcess&, std::string_view lines) = 0;
  virtual void on_worker_room(WorkerProcess&) = 0;  // it has taken some of its input
  // No answer of it counts any more, and it takes no line. Called once, before on_worker_ended().
  virtual void on_worker_over(WorkerProcess&) = 0;
  // The process is reaped. It may delete the WorkerProcess.
  virtual void on_worker_ended(WorkerProcess&) = 0;

 protected:
  ~WorkerProcessListener() = default;
};

class WorkerProcess final : Timer,
                            ChildListener,
                            ErrorLinesListener,
                            WorkerInput::Listener,
                            WorkerOutput::Listener {
 public:
  // It was given a line and has written nothing: that is told after this time.
  static constexpr Duration silent_after = 5s;
  // A program whose output has ended has this long to end by itself, so that its status is its own.
  static constexpr Duration exit_grace = 100ms;

  struct Surroundings {  // all outlive the WorkerProcess
    const ProgramHost& host;
    WorkerProcessListener& listener;
  };
  // Starts a process; `number` counts from 1. The settings are not used after the call. Errors: those of start_program()
  // and Reactor::add().
  static Result<std::unique_ptr<WorkerProcess>> start(const Surroundings& surroundings,
                                                      const ProgramSettings& settings, unsigned number);
  WorkerProcess(const Surroundings& surroundings, const ProgramSettings& settings, unsigned number,
                ChildProcess child);
  ~WorkerProcess();  // kills the process if it runs

  enum class State : std::uint8_t {
    serving,    // takes lines and gives answers
    finishing,  // reads the end of its input; answers still count
    over,       // gives no answer any more
  };
  State state() const noexcept { return state_; }
  bool has_ended() const noexcept { return child_.has_ended(); }

  // Gives it one line, without a newline, of the connection named `name`. Only while it serves. Throws std::bad_alloc.
  void give(const ConnectionName& name, std::string_view line) {
    assert(state_ == State::serving);
    input_->write_line(name, line);
    count_line();
    ++open_lines;
  }
  // Gives it a line as give() makes it, newline included, which another worker has not taken. The caller counts open_lines.
  void give_again(std::string_view line);
  // Tells it of a connection: `mark` is "+ " or "- ". One that reads no notices holds up nobody: it is ended.
  void notify(const ConnectionName& name, std::string_view mark, std::string_view text) noexcept;
  std::size_t waiting() const noexcept { return input_ == nullptr ? 0 : input_->waiting(); }  // bytes
  Buffer take_unwritten() noexcept;  // whole lines that it has not begun to take, once it is over

  void finish();  // closes its standard input behind all that was given. Only while it serves
  void end(std::string_view reason) noexcept;  // as a failure of the program. No effect when it is over

  // True when it has written no whole line since `since`.
  bool is_silent_since(Time since) const noexcept;
  ProgramProcess process() const noexcept;

  // Kept by its listener: lines that it has not answered; of these, lost at its end; the pause before the next worker.
  std::size_t open_lines = 0;
  std::uint64_t lost_lines = 0;
  Duration pause = 0s;
  Duration lived() const noexcept { return reactor_.now() - began_; }
  void tell_end();

 private:
  Result<void> attach(StartedProgram& started, WorkerOutput::Kind output);
  void on_timer() override;
  void on_child_ended(ChildStatus status) override;
  void on_error_line(std::string_view line, bool is_cut) override;
  void on_input_taken() override;
  void on_input_failed() override;
  void on_output_lines(std::string_view lines) override;
  void on_output_too_long() override;
  void on_output_ended() override;
  void arm(Duration time) { reactor_.arm(*this, reactor_.now() + time); }
  void count_line() {
    if (lines_++ == 0 && !is_heard_) arm(silent_after);
  }
  void be_over();
  void tell_silence();

  Reactor& reactor_;
  ProgramObserver& observer_;
  WorkerProcessListener& listener_;
  const std::string program_;
  const unsigned number_;
  const std::string_view hint_;  // for its silence
  const std::size_t longest_answer_;
  const std::size_t most_noticed_;  // bytes that wait in front of a notice
  const Time began_;
  State state_ = State::serving;
  std::string reason_;  // why it was ended; empty: it was not
  std::uint64_t lines_ = 0;
  bool is_heard_ = false;  // it has written something, or its silence was told
  ErrorLines errors_;
  WatchHandle<WorkerInput> input_;    // null: closed
  WatchHandle<WorkerOutput> output_;  // null: closed
  ChildProcess child_;
};

}  // namespace reactord
