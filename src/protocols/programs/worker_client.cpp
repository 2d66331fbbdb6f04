#include "protocols/programs/worker_client.hpp"

#include <cassert>
#include <utility>

#include "protocols/programs/worker_pool.hpp"
#include "protocols/programs/worker_slot.hpp"
#include "reactord/line_reader.hpp"

namespace reactord {

WorkerClient::WorkerClient(WorkerPool& pool, std::uint64_t number, Conn& conn, StreamLines& session)
    : pool_(pool),
      slot_(nullptr),
      number_(number),
      name_(number),
      conn_(conn),
      session_(session),
      changed_(conn.reactor()) {
  pool_.best_slot().join(*this);
  pool_.connection_began();
}

WorkerClient::~WorkerClient() {
  pool_.connection_ended();
  if (slot_ != nullptr) slot_->leave(*this, EndCause::killed);
}

void WorkerClient::on_end(EndCause cause) noexcept { std::exchange(slot_, nullptr)->leave(*this, cause); }

Task<> WorkerClient::run(WorkerClient& client) {
  Task<> reading = read_lines(client);
  co_await std::move(reading);
  while (!client.is_over_ && client.open_lines() > 0) {
    auto changed = co_await client.change();
    if (!changed) break;
  }
  if (!client.is_over_) client.push_what_is_behind();
  client.is_over_ = true;
  client.slot_->forget_lines(client);
}

Task<> WorkerClient::read_lines(WorkerClient& client) {
  LineReader reader(client.conn_);
  while (!client.is_over_) {
    if (client.conn_.unsent() > client.session_.limits().output.high) {
      reader.shrink();
      auto writable = co_await client.conn_.wait_writable();
      if (!writable) co_return client.give_up();
      continue;
    }
    auto line = co_await reader.read_line();
    if (!line) {
      if (line.error() == ErrorCode::line_too_long) {
        client.refuse_long_line(reader.max_line());
      } else if (!line.error().is_eof()) {
        client.give_up();
      }
      co_return;
    }
    const auto next = client.slot_->send_lines(client, *line, reader);
    if (!next) continue;
    const std::string kept(*next);
    reader.shrink();
    Task<bool> waiting = wait_until_taken(client);
    auto is_taken = co_await std::move(waiting);
    if (!is_taken) co_return client.give_up();
    if (!client.is_over_) client.slot_->send(client, kept);
  }
}

// False: the Reactor shuts down.
Task<bool> WorkerClient::wait_until_taken(WorkerClient& client) {
  while (!client.is_over_ && client.slot_->room_for(client) == 0) {
    auto changed = co_await client.change();
    if (!changed) co_return false;
  }
  co_return true;
}

// In its place among the answers.
void WorkerClient::refuse_long_line(std::size_t max_line) {
  add_behind("ERR line too long (max " + std::to_string(max_line) + ")\n");
}

void WorkerClient::answer(std::string_view bytes) {
  if (!is_over_) session_.push(bytes);
}

void WorkerClient::lines_answered(std::size_t count) {
  assert(count <= open_lines());
  answered_ += count;
  last_given_ = conn_.reactor().now();
  if (!behind_.empty()) push_what_is_behind();
  wake();
}

void WorkerClient::lose_line() {
  if (!is_over_) session_.push("ERR worker ended\n");
  lines_answered(1);
}

void WorkerClient::fail(std::string_view words, EndCause cause) noexcept {
  if (is_over_) return;
  session_.push(words);
  session_.end_as(cause);
  give_up();
}

std::size_t WorkerClient::say_behind(std::string_view words) {
  if (open_lines() == 0) return 0;
  add_behind(std::string(words));
  return behind_bytes_;
}

void WorkerClient::add_behind(std::string words) {
  const std::size_t bytes = words.size();
  behind_.push_back({given_, std::move(words)});
  behind_bytes_ += bytes;
}

void WorkerClient::push_what_is_behind() {
  auto at = behind_.begin();
  for (; at != behind_.end() && at->line <= answered_; ++at) {
    if (!is_over_) session_.push(at->words);
    behind_bytes_ -= at->words.size();
  }
  behind_.erase(behind_.begin(), at);
}

void WorkerClient::finish() noexcept {
  if (is_over_) return;
  session_.end_as(EndCause::finished);
  give_up();
}

void WorkerClient::give_up() noexcept {
  if (std::exchange(is_over_, true)) return;
  conn_.finish_reading();
  wake();
}

}  // namespace reactord
