#include "serve/async_lines.hpp"

#include <cassert>
#include <string>
#include <utility>

#include "net/endpoint.hpp"
#include "serve/stream_lines.hpp"

namespace reactord {
namespace {

// A slot keeps the storage of a line of at most so many bytes for the next one: an idle connection has up to `in_flight`
// of them.
constexpr std::size_t longest_kept = 1024;

}  // namespace

Task<> AsyncLineHandler::serve(Conn& conn, Context&) {
  AsyncLines lines(*this, conn);
  const StreamLines::Owing owing(StreamLines::of(conn), lines);
  Task<> running = AsyncLines::run(lines);
  co_await std::move(running);
}

AsyncLines::AsyncLines(AsyncLineHandler& handler, Conn& conn)
    : handler_(handler),
      conn_(conn),
      context_(conn.reactor()),
      ring_(handler.in_flight()),
      changed_(conn.reactor()),
      tasks_(conn.reactor()) {}

Task<> AsyncLines::run(AsyncLines& lines) {
  // Its frame is made here, where memory that runs out ends the connection alone.
  Task<> sending = send_answers(lines);
  lines.conn_.reactor().spawn(std::move(sending));
  lines.tasks_.add();
  try {
    Task<> reading = read_lines(lines);
    co_await std::move(reading);
  } catch (...) {  // the tasks must end before this does
    lines.fail();
  }
  lines.is_ended_ = true;
  lines.changed_.set();
  auto ended = co_await lines.tasks_.wait();
  if (lines.thrown_) std::rethrow_exception(lines.thrown_);
}

Task<> AsyncLines::read_lines(AsyncLines& lines) {
  LineReader reader(lines.conn_);
  while (!lines.is_given_up_) {
    if (lines.in_flight_ == lines.ring_.size()) {
      reader.shrink();
      auto changed = co_await lines.change();
      if (!changed) co_return lines.give_up();
      continue;
    }
    if (lines.is_turn_over()) {
      co_await lines.conn_.reactor().next_turn();
      continue;
    }
    auto line = co_await reader.read_line();
    if (line) {
      lines.begin(*line, !reader.buffered().empty());
      continue;
    }
    if (line.error() == ErrorCode::line_too_long) {
      lines.refuse_long_line(reader.max_line());
    } else if (!line.error().is_eof()) {
      lines.give_up();
    }
    co_return;
  }
}

bool AsyncLines::is_turn_over() const noexcept {
  return begun_ >= ring_.size() && turn_ == conn_.reactor().turns();
}

void AsyncLines::count_begun() noexcept {
  const std::uint64_t turn = conn_.reactor().turns();
  if (std::exchange(turn_, turn) != turn) begun_ = 0;
  ++begun_;
}

AsyncLines::Slot::Slot(AsyncLines& its_lines, BufferPool& pool) noexcept : lines(its_lines), answer(pool) {
  run = [](void* slot) { static_cast<Slot*>(slot)->lines.task_ended(*static_cast<Slot*>(slot)); };
  state = this;
}

std::unique_ptr<AsyncLines::Slot>& AsyncLines::place_of(std::size_t line) noexcept {
  const std::size_t place = first_ + line;
  return ring_[place < ring_.size() ? place : place - ring_.size()];
}

AsyncLines::Slot& AsyncLines::add() {
  assert(in_flight_ < ring_.size());
  std::unique_ptr<Slot>& place = place_of(in_flight_);
  if (place == nullptr) place = std::make_unique<Slot>(*this, conn_.reactor().buffers());
  ++in_flight_;
  return *place;
}

void AsyncLines::begin(std::string_view line, bool more_follow) {
  count_begun();
  Slot& slot = add();
  slot.is_answered = true;  // unless its task goes on
  slot.line = line;
  try {
    Task<> task = handler_.on_line(slot.line, slot.answer, context_);
    slot.is_answered = slot.task.begin(std::move(task), slot);
    if (!slot.is_answered) return tasks_.add();
  } catch (...) {
    drop_answer(slot, std::current_exception());
  }
  if (slot.task.has_thrown()) drop_answer(slot, slot.task.exception());
  if (in_flight_ > 1) return;
  if (!more_follow) send_first();
  write_first_at_once() ? first_is_written() : changed_.set();
}

// Called within the end of a task that has gone on: its frame is still there.
void AsyncLines::task_ended(Slot& slot) noexcept {
  if (slot.task.has_thrown()) drop_answer(slot, slot.task.exception());
  slot.is_answered = true;
  if (&slot == &first()) changed_.set();
  tasks_.done();
}

void AsyncLines::drop_answer(Slot& slot, std::exception_ptr thrown) noexcept {
  if (!thrown_) thrown_ = std::move(thrown);
  slot.answer.bytes_.clear();
  slot.answer.close();  // once the earlier ones are sent
}

// In its place among the answers, which the server's own would not be.
void AsyncLines::refuse_long_line(std::size_t max_line) {
  Slot& slot = add();
  slot.is_answered = true;
  slot.answer.write("ERR line too long (max ", std::to_string(max_line), ")\n");
  changed_.set();
}

Task<> AsyncLines::send_answers(AsyncLines& lines) {
  struct Done {
    WaitGroup& tasks;
    ~Done() { tasks.done(); }
  };
  const Done done{lines.tasks_};
  while (true) {
    if (lines.in_flight_ == 0 && lines.is_ended_) co_return;
    if (lines.in_flight_ == 0 || !lines.first().is_answered) {
      auto changed = co_await lines.change();
      if (!changed) co_return lines.give_up();
      continue;
    }
    if (!lines.write_first_at_once()) {
      const std::string_view bytes = lines.first().answer.bytes_.view();
      auto sent = co_await lines.conn_.write(bytes);
      if (!sent) lines.give_up();
    }
    lines.first_is_written();
  }
}

// Sends as much of the first answer as the socket takes now: one that no other follows needs no flush at the end of the turn.
void AsyncLines::send_first() noexcept {
  if (is_given_up_ || conn_.fd() < 0 || conn_.endpoint_->is_write_closed()) return;
  Buffer& bytes = first().answer.bytes_;
  bytes.consume(conn_.endpoint_->send_at_once(bytes.view()));
}

// False: what is left of it is to be written by an operation, which may suspend or fail.
bool AsyncLines::write_first_at_once() noexcept {
  return is_given_up_ || first().answer.bytes_.empty() ||
         conn_.endpoint_->write_at_once(first().answer.bytes_.view());
}

void AsyncLines::first_is_written() noexcept {
  if (first().answer.is_last_) give_up();
  if (is_given_up_ || !goes_on_behind_first()) free_first();
}

std::size_t AsyncLines::say_behind(std::string_view words) {
  if (in_flight_ == 0) return 0;
  place_of(in_flight_ - 1)->behind.append(conn_.reactor().buffers(), words);
  return behind_ += words.size();
}

// Puts what is to be said behind the first answer, which has been sent, in its place. False: there is nothing.
bool AsyncLines::goes_on_behind_first() noexcept {
  Slot& slot = first();
  if (slot.behind.empty()) return false;
  behind_ -= slot.behind.size();
  slot.answer.bytes_.clear();
  slot.answer.bytes_.swap(slot.behind);
  return true;
}

void AsyncLines::free_first() noexcept {
  Slot& slot = first();
  behind_ -= slot.behind.size();
  slot.behind.clear();
  slot.answer.bytes_.clear();
  slot.task.free();
  if (slot.line.capacity() > longest_kept) slot.line = std::string();
  slot.answer.is_last_ = slot.is_answered = false;
  if (in_flight_ == ring_.size()) changed_.set();  // there is room for a line again
  if (++first_ == ring_.size() || in_flight_ == 1) first_ = 0;
  --in_flight_;
  last_given_ = conn_.reactor().now();
}

// Called in a catch block.
void AsyncLines::fail() noexcept {
  if (!thrown_) thrown_ = std::current_exception();
  give_up();
}

// A read that is pending ends, so that nothing is waited for but the tasks.
void AsyncLines::give_up() noexcept {
  if (std::exchange(is_given_up_, true)) return;
  context_.cancel();
  conn_.finish_reading();
  changed_.set();
}

}  // namespace reactord
