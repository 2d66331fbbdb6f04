#include "control/control_client.hpp"

#include <cerrno>
#include <utility>

#include "base/quantity.hpp"
#include "control/answer.hpp"
#include "control/known_commands.hpp"
#include "control/reader_watch.hpp"
#include "reactord/dial.hpp"
#include "reactord/line_reader.hpp"

namespace reactord::control {

Outcome written(const Output& output) {
  if (output.failure() == 0) return {};
  return {exit_unwritten, "standard output: " + errno_text(output.failure())};
}

Outcome ControlClient::ask(std::string request) {
  Outcome outcome;
  reactor_.spawn(exchange(std::move(request), outcome));
  const auto ran = reactor_.run();
  if (!ran) outcome = {exit_unanswered, ran.error().text()};
  output_.flush();
  return output_.failure() == 0 ? outcome : written(output_);
}

Task<> ControlClient::exchange(std::string request, Outcome& outcome) {
  auto conn = co_await dial(reactor_, "unix", socket_, {.timeout = timeout_});
  if (!conn) {
    outcome = unreachable(conn.error());
    co_return;
  }
  static_cast<void>(conn->set_write_deadline(monotonic_now() + timeout_));
  const bool is_followed = goes_on(request);
  // A daemon that turns us away may close before it reads. Its reason is there to be read all the same.
  auto sent = co_await conn->write(request);
  if (!sent && !sent.error().is_reset()) {
    outcome = broken_off(sent.error());
  } else {
    outcome = co_await show_answer(*conn, is_followed);
  }
  conn->abort();  // all that was wanted has come: nobody waits for the daemon to close its end
}

Task<Outcome> ControlClient::show_answer(Conn& conn, bool goes_on) {
  const auto watch = goes_on ? ReaderWatch::open(reactor_, output_.fd(), conn) : nullptr;
  LineReader reader(conn);
  Answer answer;
  std::string shown;
  while (!answer.has_ended()) {
    // The time begins now, and not with the turn: standard output may have held the last piece up.
    static_cast<void>(conn.set_read_deadline(goes_on ? Time::never() : monotonic_now() + timeout_));
    auto bytes = co_await reader.read_some();
    if (watch && watch->is_gone()) co_return Outcome{};
    if (!bytes) co_return broken_off(bytes.error());
    shown.clear();
    answer.take(*bytes, shown);
    output_.write(shown);
    if (goes_on) output_.flush();
    if (goes_on && !output_.is_open()) co_return Outcome{};
  }
  if (answer.state() == Answer::State::refused) co_return Outcome{exit_refused, std::string(answer.reason())};
  co_return Outcome{};
}

Outcome ControlClient::unreachable(const Error& error) const {
  if (error == ErrorCode::invalid) return {exit_usage, error.text()};
  if (error == ErrorCode::deadline_exceeded) {
    return unanswered("no connection within " + duration_text(timeout_) + ": the daemon is stuck or stopped");
  }
  switch (error.system_errno()) {
    case ENOENT:
    case ENOTDIR:
      return unanswered("there is no such socket: start the daemon with control = unix:" + socket_ +
                        ", or name the right one with --socket");
    case ECONNREFUSED:
      return unanswered("nobody listens there: start the daemon, or name the right socket with --socket");
    case EACCES:
    case EPERM:
      return unanswered(
          "permission denied: run reactordctl as root or as the daemon's user, or let a group in by control "
          "= unix:" +
          socket_ + " mode=0660 group=GROUP");
    case EAGAIN:
      return unanswered("too many connections wait for the daemon: try again");
    default:
      return unanswered(error.reason());
  }
}

Outcome ControlClient::broken_off(const Error& error) const {
  if (error.is_eof() || error.is_reset()) {
    return unanswered("the daemon hung up before the end of its answer: its log may say why");
  }
  if (error.timeout()) {
    return unanswered("no answer within " + duration_text(timeout_) +
                      ": the daemon is stuck, or this is not its control socket; --timeout waits longer");
  }
  return unanswered(error.reason());
}

Outcome ControlClient::unanswered(std::string_view what) const {
  return {exit_unanswered, socket_ + ": " + std::string(what)};
}

}  // namespace reactord::control
