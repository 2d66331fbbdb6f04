#include "control/control_client.hpp"

#include <utility>

#include "control/answer.hpp"
#include "control/control_failure.hpp"
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
    outcome = unreachable(socket_, timeout_, conn.error());
    co_return;
  }
  static_cast<void>(conn->set_write_deadline(monotonic_now() + timeout_));
  const bool is_followed = goes_on(request);
  // A daemon that turns us away may close before it reads. Its reason is there to be read all the same.
  auto sent = co_await conn->write(request);
  if (!sent && !sent.error().is_reset()) {
    outcome = broken_off(socket_, timeout_, sent.error());
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
    if (!bytes) co_return broken_off(socket_, timeout_, bytes.error());
    shown.clear();
    answer.take(*bytes, shown);
    output_.write(shown);
    if (goes_on) output_.flush();
    if (goes_on && !output_.is_open()) co_return Outcome{};
  }
  if (answer.state() == Answer::State::refused) co_return Outcome{exit_refused, std::string(answer.reason())};
  co_return Outcome{};
}

}  // namespace reactord::control
