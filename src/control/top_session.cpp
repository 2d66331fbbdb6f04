#include "control/top_session.hpp"

#include "base/quantity.hpp"
#include "control/answer.hpp"
#include "control/control_failure.hpp"
#include "reactord/dial.hpp"

namespace reactord::control {

Task<TopSession::Answered> TopSession::ask(std::string command, std::optional<std::uint64_t> on) {
  command += '\n';
  const bool is_new = line_ == nullptr;
  if (on && (is_new || *on != number_)) {
    co_return Answered{{exit_unanswered, "the daemon has hung up, and was not asked"}, {}};
  }
  if (is_new) {
    Task<Outcome> opening = open();
    auto opened = co_await std::move(opening);
    if (opened.status != exit_done) co_return Answered{std::move(opened), {}};
  }
  Task<Tried> trying = exchange(command);
  auto tried = co_await std::move(trying);
  if (!tried.had_ended || is_new || on) co_return std::move(tried.answered);
  Task<Outcome> opening = open();
  auto opened = co_await std::move(opening);
  if (opened.status != exit_done) co_return Answered{std::move(opened), {}};
  Task<Tried> once_more = exchange(std::move(command));
  auto again = co_await std::move(once_more);
  co_return std::move(again.answered);
}

Task<Outcome> TopSession::open() {
  auto conn = co_await dial(context_.reactor(), "unix", socket_, {.timeout = timeout_, .context = &context_});
  if (!conn) co_return unreachable(socket_, timeout_, conn.error());
  line_ = std::make_unique<Line>(std::move(*conn));
  line_->conn.set_context(&context_);
  ++number_;
  co_return Outcome{};
}

Task<TopSession::Tried> TopSession::exchange(std::string request) {
  Line& line = *line_;
  static_cast<void>(line.conn.set_write_deadline(context_.reactor().now() + timeout_));
  // A daemon that turns us away may close before it reads. Its reason is there to be read all the same.
  auto sent = co_await line.conn.write(request);
  Answer answer;
  Tried tried;
  std::string& text = tried.answered.text;
  bool has_begun = false;
  while (!answer.has_ended()) {
    static_cast<void>(line.conn.set_read_deadline(context_.reactor().now() + timeout_));
    auto bytes = co_await line.reader.read_some();
    if (!bytes) {
      tried.had_ended = !has_begun && (bytes.error().is_eof() || bytes.error().is_reset());
      tried.answered = {broken_off(socket_, timeout_, bytes.error()), {}};
      close();
      co_return tried;
    }
    has_begun = true;
    answer.take(*bytes, text);
    if (text.size() <= longest_answer) continue;
    close();
    tried.answered = {{exit_unanswered, socket_ + ": its answer is longer than " + size_text(longest_answer)},
                      {}};
    co_return tried;
  }
  if (answer.state() == Answer::State::refused) {
    tried.answered.outcome = {exit_refused, std::string(answer.reason())};
  }
  if (!sent) close();
  co_return tried;
}

void TopSession::close() noexcept {
  if (line_ != nullptr) line_->conn.abort();
  line_.reset();
}

}  // namespace reactord::control
