#include "daemon/follow.hpp"

#include <utility>

#include "reactord/line_reader.hpp"
#include "serve/pending_answers.hpp"
#include "serve/stream_lines.hpp"

namespace reactord {
namespace {

// Lines that come while the client does not take those before: it is looked at nevertheless, so often.
constexpr Duration look_again = 1ms;

// A client that follows waits for the daemon, not the other way round. Its read and its writes hear of its end by themselves.
class AlwaysDue final : public PendingAnswers {
  bool are_due() const noexcept override { return true; }
  Time last_given() const noexcept override { return Time::from_nanoseconds(-1); }
  void nobody_waits() noexcept override {}
  std::size_t say_behind(std::string_view) override { return 0; }
};

// Result: why no more can be written; empty: it can.
Task<std::string> write_waiting(ControlRequest& request, LiveLines& lines, AppendOmitted append_omitted) {
  LiveLines::Taken taken = lines.take();
  if (taken.omitted > 0) append_omitted(taken.lines, taken.omitted, request.format);
  taken.lines += taken.last;
  if (taken.lines.empty()) co_return std::string();
  auto sent = co_await request.conn.write(taken.lines);
  co_return sent ? std::string() : sent.error().text();
}

// The outcome of a command's wait.
enum class Wait : std::uint8_t {
  lines,  // there may be lines
  over,   // the client has enough
};

Task<Wait> wait_for_news(ControlRequest& request, const LiveLines& lines) {
  const Time now = request.context.reactor().now();
  static_cast<void>(request.conn.set_read_deadline(lines.has_news() ? now + look_again : Time::never()));
  auto input = co_await request.input.peek(1);
  co_return !input && input.error().timeout() ? Wait::lines : Wait::over;
}

Task<std::string> follow_on(ControlRequest& request, LiveLines& lines, AppendOmitted append_omitted) {
  auto wait = Wait::lines;
  while (true) {
    auto failure = co_await write_waiting(request, lines, append_omitted);
    if (!failure.empty()) co_return failure;
    if (lines.has_ended() && !lines.has_news()) co_return std::string();
    if (wait == Wait::over) break;
    wait = co_await wait_for_news(request, lines);
  }
  if (request.context.is_done()) co_return "the daemon is ending";
  co_return std::string();
}

}  // namespace

Task<std::string> follow(ControlRequest& request, LiveLines& lines, AppendOmitted append_omitted) {
  AlwaysDue due;
  const StreamLines::Owing owing(StreamLines::of(request.conn), due);
  Task<std::string> following = follow_on(request, lines, append_omitted);
  auto end = co_await std::move(following);
  co_return end;
}

}  // namespace reactord
