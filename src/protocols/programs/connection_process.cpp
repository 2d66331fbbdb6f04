#include "protocols/programs/connection_process.hpp"

#include <cassert>
#include <exception>
#include <functional>
#include <new>
#include <utility>

#include "reactord/relay.hpp"
#include "reactord/wait_group.hpp"

namespace reactord {

Result<std::unique_ptr<ConnectionProcess>> ConnectionProcess::start(const Surroundings& surroundings,
                                                                    const ProgramSettings& settings,
                                                                    const ProgramEnvironment& environment,
                                                                    ProgramConnection connection) {
  auto started = start_program(surroundings.host.reactor, settings, environment.of_connection(connection),
                               &surroundings.host.reserve);
  if (!started) return std::unexpected(std::move(started).error());
  std::unique_ptr<ConnectionProcess> process(
      new ConnectionProcess(surroundings, settings, std::move(connection.remote), std::move(started->child)));
  auto attached = process->attach(*started);
  if (!attached) return std::unexpected(std::move(attached).error());
  return process;
}

ConnectionProcess::ConnectionProcess(const Surroundings& surroundings, const ProgramSettings& settings,
                                     Address remote, ChildProcess child)
    : reactor_(surroundings.host.reactor),
      observer_(surroundings.host.observer),
      listener_(surroundings.listener),
      program_(settings.name),
      remote_(std::move(remote)),
      began_(reactor_.now()),
      child_(std::move(child)) {}

ConnectionProcess::~ConnectionProcess() {
  break_off();
  reactor_.timers().cancel(*this);
}

Result<void> ConnectionProcess::attach(StartedProgram& started) {
  auto errors = ErrorLines::start(reactor_, std::move(started.errors), *this);
  if (!errors) return std::unexpected(std::move(errors).error());
  errors_ = std::move(*errors);
  auto transport =
      ProcessTransport::make(reactor_, std::move(started.input), std::move(started.output), this);
  if (!transport) return std::unexpected(std::move(transport).error());
  transport_ = transport->get();
  auto streams = make_conn(reactor_, std::move(*transport));
  if (!streams) return std::unexpected(std::move(streams).error());
  streams_.emplace(std::move(*streams));
  child_.set_listener(this);
  return {};
}

Task<> ConnectionProcess::serve(Conn& client, Context& context) {
  Context served(reactor_);  // until the process's end of it is over
  client.set_context(&served);
  Context ends(context, Time::never());
  WaitGroup passing(reactor_);
  std::exception_ptr thrown;
  try {
    passing.spawn(pass_input, std::ref(*this), std::ref(client));
    passing.spawn(heed, std::ref(*this), std::ref(client), std::ref(ends), std::ref(served));
    auto copied = co_await copy(*streams_, client);
    if (copied.ended) tell_silence();
  } catch (...) {
    thrown = std::current_exception();
  }
  break_off();
  served.cancel();
  ends.cancel();
  auto passed = co_await passing.wait();
  client.set_context(nullptr);
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

// A process that reads no more may still write: only a failure of the client ends both ways.
Task<> ConnectionProcess::pass_input(ConnectionProcess& process, Conn& client) {
  try {
    auto copied = co_await copy(client, *process.streams_);
    if (copied.ended) {
      [[maybe_unused]] const auto closed = process.streams_->close_write();  // unless it is closed
    } else if (copied.ended.error().operation() != "write") {
      process.break_off();
    }
  } catch (const std::bad_alloc&) {
    process.break_off();
  }
}

// The connection may be given up while nobody reads or writes it, because the client has ended its side: then no operation
// tells of it.
Task<> ConnectionProcess::heed(ConnectionProcess& process, Conn& client, Context& ends, Context& served) {
  auto ended = co_await ends.done();
  if (!served.is_done() && !client.is_closed()) {
    auto waited = co_await served.sleep(longest_farewell);
  }
  if (served.is_done()) co_return;
  if (client.is_closed()) co_return process.break_off();
  process.finish();
}

void ConnectionProcess::break_off() noexcept {
  if (streams_) streams_->abort();
}

void ConnectionProcess::leave() noexcept {
  assert(state_ != State::leaving);
  break_off();
  if (state_ == State::serving) end_later();
  state_ = State::leaving;
}

void ConnectionProcess::finish() noexcept {
  if (state_ != State::serving) return;
  [[maybe_unused]] const auto closed = streams_->close_write();  // unless it is closed
  end_later();
  state_ = State::finishing;
}

void ConnectionProcess::end_later() noexcept {
  if (has_ended()) return;
  reactor_.arm(*this, reactor_.now() + program_grace);
}

void ConnectionProcess::on_timer() {
  if (state_ == State::serving) return tell_silence();
  was_told_to_end_ = true;
  child_.end(program_term_grace);
}

void ConnectionProcess::on_child_ended(ChildStatus status) {
  reactor_.timers().cancel(*this);
  errors_.finish();
  if (state_ != State::leaving) {
    tell_silence();
    transport_->process_ended();
  }
  observer_.on_program_ended(process(),
                             {.status = status.text(),
                              .reason = was_told_to_end_ ? "it did not end with its connection" : "",
                              .lived = reactor_.now() - began_});
  listener_.on_process_ended(*this);
}

void ConnectionProcess::on_error_line(std::string_view line, bool is_cut) {
  observer_.on_program_said(process(), line, is_cut);
}

void ConnectionProcess::on_first_input() noexcept {
  if (state_ == State::serving) reactor_.arm(*this, reactor_.now() + silent_after);
}

bool ConnectionProcess::is_silent() const noexcept {
  return streams_->bytes_written() > 0 && streams_->bytes_read() == 0 && streams_->unread() == 0;
}

void ConnectionProcess::tell_silence() noexcept {
  if (silence_is_told_ || !is_silent()) return;
  silence_is_told_ = true;
  listener_.on_process_silent(*this);
}

ProgramProcess ConnectionProcess::process() const noexcept {
  return {.program = program_, .pid = child_.pid(), .number = 0, .remote = &remote_};
}

}  // namespace reactord
