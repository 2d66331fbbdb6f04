// The connections of a worker's slot: their lines, their answers, their waits.
#include <algorithm>
#include <cassert>
#include <new>
#include <string>

#include "base/quantity.hpp"
#include "protocols/programs/worker_answers.hpp"
#include "protocols/programs/worker_pool.hpp"
#include "protocols/programs/worker_slot.hpp"

namespace reactord {

void WorkerSlot::join(WorkerClient& client) {
  clients_.emplace(client.number(), &client);
  if (client.in_slot.node_.is_linked()) client.slot().greeting_.remove(client);
  client.moved_to(*this);
  greeting_.add(client);
  if (worker_ && pool_.settings().notices) worker_->notify(client.name(), "+ ", client.remote().text());
}

void WorkerSlot::leave(WorkerClient& client, EndCause cause) noexcept {
  forget_lines(client);
  clients_.erase(client.number());
  greeting_.remove(client);
  if (!pool_.settings().notices) return;
  if (worker_) worker_->notify(client.name(), "- ", to_string(cause));
  if (greeting_.has_told(client)) greeting_.worker()->notify(client.name(), "- ", to_string(cause));
}

// Without a notice: no worker is here.
void WorkerSlot::hand_to(WorkerSlot& next, WorkerClient& client) {
  assert(is_stopped_ && client.open_lines() == 0);
  next.join(client);
  waits_.forget(client);
  clients_.erase(client.number());
  client.wake();
}

void WorkerSlot::move_clients() {
  std::vector<WorkerClient*> clients;
  for (const auto& [number, client] : clients_) {
    if (client->open_lines() > 0) continue;
    clients.push_back(client);
    if (clients.size() == moved_per_turn) break;
  }
  const std::size_t before = clients_.size();
  for (WorkerClient* const client : clients) pool_.settled(*client, *this);
  if (clients.size() == moved_per_turn && clients_.size() < before) reactor().arm(*this, reactor().now());
  hand_over_lines();
}

void WorkerSlot::forget_lines(WorkerClient& client) noexcept {
  waits_.forget(client);
  if (client.open_lines() == 0) return;
  WorkerProcess* const worker = client.worker;
  if (worker != nullptr) worker->open_lines -= client.open_lines();
  client.lines_forgotten();
  if (worker != nullptr) close_if_done(*worker);
}

std::size_t WorkerSlot::room_for(WorkerClient& client) {
  if (client.for_room.node_.is_linked()) return 0;
  const ProgramSettings& settings = pool_.settings();
  const std::size_t open = client.open_lines();
  if (open >= settings.lines) return 0;
  if (open > 0 && client.worker != worker_.get()) return 0;  // the former one answers first
  // The clients that wait go first.
  if (!waits_.is_anybody_for_room() && waiting_bytes() <= settings.queue &&
      open_lines() < settings.worker_lines)
    return std::min(settings.lines - open, settings.worker_lines - open_lines());
  waits_.wait_for_room(client, reactor().now());
  arm();
  return 0;
}

[[gnu::always_inline]] inline void WorkerSlot::give(WorkerClient& client, std::string_view line) {
  if (worker_) {
    worker_->give(client.name(), line);
  } else {
    unwritten_.append(reactor().buffers(), client.name().digits(), " ", line, "\n");
  }
  if (client.open_lines() == 0) {
    client.worker = worker_.get();
    waits_.owe(client, reactor().now());
    if (waits_.owes_first(client)) arm();  // else it is armed for another one, whose time is up earlier
  }
  client.line_given();
}

void WorkerSlot::send(WorkerClient& client, std::string_view line) { give(client, line); }

std::optional<std::string_view> WorkerSlot::send_lines(WorkerClient& client, std::string_view line,
                                                       LineReader& reader) {
  const std::size_t queue = pool_.settings().queue;
  std::optional<std::string_view> next = line;
  for (std::size_t room = room_for(client); next && room > 0 && waiting_bytes() <= queue; --room) {
    give(client, *next);
    next = reader.next_line();
  }
  return next;
}

void WorkerSlot::make_room() {
  if (!waits_.is_anybody_for_room()) return;
  const ProgramSettings& settings = pool_.settings();
  if (waiting_bytes() > settings.queue / 2 || open_lines() > settings.worker_lines / 2) return;
  waits_.wake_for_room();
}

void WorkerSlot::on_worker_room(WorkerProcess& worker) {
  if (&worker == worker_.get()) make_room();
}

// ---- Answers

std::string_view WorkerSlot::on_worker_lines(WorkerProcess& worker, std::string_view lines) {
  return WorkerAnswers(*this, worker).deal(lines);
}

WorkerClient* WorkerSlot::client_of(std::uint64_t connection, WorkerProcess& worker) {
  const auto found = clients_.find(connection);
  if (found != clients_.end()) return found->second;
  if (!pool_.has_been(connection)) {
    worker.end("it wrote an answer to connection " + std::to_string(connection) + ", which has never been");
  }
  return nullptr;
}

void WorkerSlot::lines_answered(WorkerClient& client, std::size_t count, WorkerProcess& worker) {
  if (client.worker != &worker) return;
  count = std::min(count, client.open_lines());
  if (count == 0) return;
  client.lines_answered(count);
  worker.open_lines -= count;
  if (client.open_lines() > 0) {
    waits_.owe(client, reactor().now());
  } else {
    waits_.owes_nothing(client);
    if (is_stopped_) pool_.settled(client, *this);
  }
  if (&worker == worker_.get()) return make_room();
  close_if_done(worker);
}

void WorkerSlot::on_timer() {
  try {
    greet_some();
    if (is_stopped_) move_clients();
    if (start_at_ <= reactor().now()) start();
    look_for_late();
    arm();
  } catch (const std::bad_alloc&) {
    reactor().arm(*this, reactor().now() + StartPause::shortest);
  }
}

void WorkerSlot::look_for_late() {
  const Duration timeout = pool_.settings().timeout;
  if (timeout == 0s) return;
  const Time late = reactor().now() + -timeout;
  for (std::size_t count = 0; count < late_per_turn; ++count) {
    const WorkerClientPlace* const place = waits_.late(late);
    if (place == nullptr) return;
    give_up_on(place->client, place->since);
  }
}

// A worker that has written no line since this one came is not slow: it hangs. But the time that the line waited for a worker
// to start is not this worker's.
void WorkerSlot::give_up_on(WorkerClient& client, Time since) {
  const std::string timeout = duration_text(pool_.settings().timeout);
  const std::string words = "ERR no answer in " + timeout + "\n";
  const std::string reason = "no answer in " + timeout;
  WorkerProcess* const worker = client.open_lines() > 0 ? client.worker : worker_.get();
  const ProgramProcess none{.program = pool_.settings().name, .number = number_};
  pool_.host().observer.on_program_gave_no_answer(worker == nullptr ? none : worker->process(),
                                                  client.remote());
  const bool hangs =
      worker != nullptr && worker->lived() >= pool_.settings().timeout && worker->is_silent_since(since);
  forget_lines(client);
  client.fail(words, EndCause::no_answer);
  if (hangs) worker->end(reason);
}

void WorkerSlot::arm() {
  Time due = start_at_;
  const Duration timeout = pool_.settings().timeout;
  const auto since = waits_.first_since();
  if (greeting_.is_under_way()) due = reactor().now();
  if (timeout > 0s && since) due = std::min(due, *since + timeout);
  if (due == Time::never() || (is_armed() && expiry() <= tick_at_or_after(due))) return;
  reactor().arm(*this, due);
}

}  // namespace reactord
