#include "protocols/programs/worker_process.hpp"

#include <cassert>
#include <new>
#include <utility>

#include "protocols/programs/program_environment.hpp"
#include "protocols/programs/silence_hint.hpp"

namespace reactord {
namespace {

constexpr std::size_t shown_bytes = 80;  // of a line that is no answer

std::string nonsense(std::string_view line) {
  const bool is_cut = line.size() > shown_bytes;
  return "it wrote \"" + std::string(line.substr(0, shown_bytes)) + (is_cut ? "...\"" : "\"") +
         ", which is no answer: write the number of its connection, a space and the answer";
}

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(const Surroundings& surroundings,
                                                            const ProgramSettings& settings,
                                                            unsigned number) {
  auto started = start_program(surroundings.host.reactor, settings,
                               ProgramEnvironment(settings).of_worker(number), &surroundings.host.reserve);
  if (!started) return std::unexpected(std::move(started).error());
  auto worker = std::make_unique<WorkerProcess>(surroundings, settings, number, std::move(started->child));
  auto attached =
      worker->attach(*started, settings.terminal ? WorkerOutput::Kind::terminal : WorkerOutput::Kind::pipe);
  if (!attached) return std::unexpected(std::move(attached).error());
  return worker;
}

WorkerProcess::WorkerProcess(const Surroundings& surroundings, const ProgramSettings& settings,
                             unsigned number, ChildProcess child)
    : reactor_(surroundings.host.reactor),
      observer_(surroundings.host.observer),
      listener_(surroundings.listener),
      program_(settings.name),
      number_(number),
      hint_(silence_hint(settings.command)),
      longest_answer_(settings.longest_answer),
      most_noticed_(2 * settings.queue),
      began_(reactor_.now()),
      child_(std::move(child)) {}

WorkerProcess::~WorkerProcess() {
  if (is_armed()) reactor_.timers().cancel(*this);
}

Result<void> WorkerProcess::attach(StartedProgram& started, WorkerOutput::Kind kind) {
  auto input = WorkerInput::open(reactor_, std::move(started.input), *this);
  if (!input) return std::unexpected(std::move(input).error());
  auto output = WorkerOutput::open(reactor_, std::move(started.output), {kind, longest_answer_}, *this);
  if (!output) return std::unexpected(std::move(output).error());
  auto errors = ErrorLines::start(reactor_, std::move(started.errors), *this);
  if (!errors) return std::unexpected(std::move(errors).error());
  input_ = std::move(*input);
  output_ = std::move(*output);
  errors_ = std::move(*errors);
  child_.set_listener(this);
  return {};
}

void WorkerProcess::give_again(std::string_view line) {
  assert(state_ == State::serving);
  input_->write(line);
  count_line();
}

void WorkerProcess::notify(const ConnectionName& name, std::string_view mark,
                           std::string_view text) noexcept {
  assert(state_ == State::serving);
  if (waiting() > most_noticed_) return end("it does not read its input");
  try {
    input_->write(std::string(name.digits()).append(mark).append(text).append("\n"));
  } catch (const std::bad_alloc&) {
    end("out of memory for its notices");
  }
}

Buffer WorkerProcess::take_unwritten() noexcept {
  assert(state_ == State::over);
  return input_ == nullptr ? Buffer() : input_->take_unwritten();
}

void WorkerProcess::finish() {
  assert(state_ == State::serving);
  state_ = State::finishing;
  input_->finish();
  arm(program_grace);
}

void WorkerProcess::end(std::string_view reason) noexcept {
  if (state_ == State::over) return;
  try {
    reason_ = reason;
  } catch (const std::bad_alloc&) {  // it ends without one
  }
  be_over();
  child_.end(program_term_grace);
}

bool WorkerProcess::is_silent_since(Time since) const noexcept {
  return output_ == nullptr || output_->last_line() < since;
}

ProgramProcess WorkerProcess::process() const noexcept {
  return {.program = program_, .pid = child_.pid(), .number = number_};
}

// The input stays until the listener has taken what was not written.
void WorkerProcess::be_over() {
  if (state_ == State::over) return;
  state_ = State::over;
  output_.reset();
  listener_.on_worker_over(*this);
  input_.reset();
}

void WorkerProcess::on_timer() {
  if (state_ == State::serving) return tell_silence();
  if (state_ == State::over && reason_.empty()) reason_ = "it has closed its standard input or output";
  child_.end(program_term_grace);
}

void WorkerProcess::tell_silence() {
  if (std::exchange(is_heard_, true)) return;
  observer_.on_program_silent(process(), hint_);
}

void WorkerProcess::on_child_ended(ChildStatus) {
  if (output_ != nullptr) output_->read_rest();
  errors_.finish();
  if (is_armed()) reactor_.timers().cancel(*this);
  be_over();
  if (lines_ > 0) tell_silence();
  listener_.on_worker_ended(*this);
}

void WorkerProcess::tell_end() {
  observer_.on_program_ended(process(), {.status = child_.status().text(),
                                         .reason = reason_,
                                         .lines = lines_,
                                         .lost = lost_lines,
                                         .lived = lived(),
                                         .pause = pause});
}

void WorkerProcess::on_error_line(std::string_view line, bool is_cut) {
  observer_.on_program_said(process(), line, is_cut);
}

void WorkerProcess::on_input_taken() { listener_.on_worker_room(*this); }

// It is about to end, as a rule: what it has written before still counts.
void WorkerProcess::on_input_failed() {
  if (state_ == State::finishing) return input_.reset();
  if (output_ != nullptr) output_->read_rest();
  on_output_ended();
}

void WorkerProcess::on_output_lines(std::string_view lines) {
  is_heard_ = true;
  const std::string_view rest = listener_.on_worker_lines(*this, lines);
  if (!rest.empty()) end(nonsense(rest.substr(0, rest.find('\n'))));
}

void WorkerProcess::on_output_too_long() {
  is_heard_ = true;
  end("it wrote a line of more than " + std::to_string(longest_answer_) +
      " bytes: write a newline behind each answer, or a greater longest-answer=");
}

void WorkerProcess::on_output_ended() {
  const bool is_unexpected = state_ == State::serving;
  be_over();
  if (is_unexpected) arm(exit_grace);
}

}  // namespace reactord
