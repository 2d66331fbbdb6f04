#include "protocols/programs/worker_slot.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <utility>

#include "protocols/programs/given_lines.hpp"
#include "protocols/programs/worker_pool.hpp"

namespace reactord {

WorkerSlot::WorkerSlot(WorkerPool& pool, unsigned number) : pool_(pool), number_(number) {}

WorkerSlot::~WorkerSlot() {
  assert(clients_.empty());
  if (is_armed()) reactor().timers().cancel(*this);
  for (std::size_t left = processes(); left > 0; --left) pool_.process_ended();
}

Reactor& WorkerSlot::reactor() const noexcept { return pool_.host().reactor; }

void WorkerSlot::start_at(Time time) {
  if (is_stopped_) return;
  start_at_ = time;
  if (time <= reactor().now()) start();
  arm();
}

void WorkerSlot::start() {
  start_at_ = Time::never();
  auto started = try_to_start();
  if (!started) {
    const Duration pause = pause_.next(0s);
    pool_.host().observer.on_program_not_started({.program = pool_.settings().name, .number = number_},
                                                 started.error(), pause);
    start_at_ = reactor().now() + pause;
    return;
  }
  if (greeting_.is_under_way()) retire(greeting_.take());
  greeting_.begin(std::move(*started));
  pool_.process_began();
  pool_.host().observer.on_program_started(greeting_.worker()->process());
  greet_some();
}

Result<std::unique_ptr<WorkerProcess>> WorkerSlot::try_to_start() {
  try {
    leaving_.make_room(3);  // for those that run, and for this one
    return WorkerProcess::start({.host = pool_.host(), .listener = *this}, pool_.settings(), number_);
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error::from_errno(ENOMEM, "exec"));
  }
}

// The new worker may fail meanwhile.
void WorkerSlot::greet_some() {
  if (!pool_.settings().notices) greeting_.tell_nobody();
  if (greeting_.tell_some()) be_greeted();
}

// The new worker has heard of all connections: it takes lines from now on, first those that waited for it.
void WorkerSlot::be_greeted() {
  if (worker_) retire(std::move(worker_));
  worker_ = greeting_.take();
  const Buffer waiting = std::move(unwritten_);
  keep_lines(waiting.view());
  make_room();
}

void WorkerSlot::retire(std::unique_ptr<WorkerProcess> worker) noexcept {
  close_if_done(leaving_.add(std::move(worker)));  // there is room: see start()
  leaving_.end_one_too_many();
}

void WorkerSlot::stop() {
  is_stopped_ = true;
  start_at_ = Time::never();
  if (greeting_.is_under_way()) retire(greeting_.take());
  if (worker_) retire(std::move(worker_));
}

// A former worker that owes nothing any more reads the end of its input.
void WorkerSlot::close_if_done(WorkerProcess& worker) {
  if (&worker == worker_.get() || worker.open_lines > 0 || worker.state() != WorkerProcess::State::serving)
    return;
  worker.finish();
}

void WorkerSlot::on_worker_over(WorkerProcess& worker) {
  const Buffer unwritten = worker.take_unwritten();
  worker.lost_lines = lose_lines(worker, unwritten.view());
  const bool was_greeted = &worker == greeting_.worker();
  if (was_greeted || &worker == worker_.get()) {
    leaving_.add(was_greeted ? greeting_.take() : std::move(worker_));  // there is room: see start()
    if (!greeting_.is_under_way()) {  // else another one is about to take its place
      worker.pause = pause_.next(worker.lived());
      start_at_ = reactor().now() + worker.pause;
      arm();
    }
  }
  keep_lines(unwritten.view());
  try {
    if (is_stopped_) hand_over_lines();
  } catch (const std::bad_alloc&) {  // those lines are late, and told so
  }
}

void WorkerSlot::on_worker_ended(WorkerProcess& worker) {
  worker.tell_end();
  leaving_.remove(worker);
  pool_.process_ended();
}

// The lines of `worker` that were written to it are lost: it may have read them. Returns their number.
std::uint64_t WorkerSlot::lose_lines(WorkerProcess& worker, std::string_view unwritten) {
  for_each_given_line(unwritten, [&](std::uint64_t connection, std::string_view) {
    const auto found = clients_.find(connection);
    if (found == clients_.end() || found->second->open_lines() == 0) return;
    if (found->second->worker == &worker) ++found->second->unwritten;
  });
  std::uint64_t lost = 0;
  waits_.for_each_owed([&](WorkerClient& client) {
    if (client.worker != &worker) return;
    const std::size_t kept = std::exchange(client.unwritten, 0);
    for (; client.open_lines() > kept; ++lost) client.lose_line();
    client.worker = nullptr;
    if (kept > 0) return waits_.owe(client, reactor().now());
    waits_.owes_nothing(client);
    pool_.settled(client, *this);
  });
  worker.open_lines = 0;
  return lost;
}

// Lines that a worker has not begun to take go to the next one, but for lines of connections that are over.
void WorkerSlot::keep_lines(std::string_view unwritten) {
  for_each_given_line(unwritten, [this](std::uint64_t connection, std::string_view line) {
    const auto found = clients_.find(connection);
    if (found != clients_.end() && found->second->open_lines() > 0) keep_line(*found->second, line);
  });
}

// No worker is started here any more: the lines that wait go to other slots, and their clients before them.
void WorkerSlot::hand_over_lines() {
  if (unwritten_.empty() || pool_.best_slot().is_stopped_) return;
  const Buffer waiting = std::move(unwritten_);
  std::unordered_map<std::uint64_t, WorkerClient*> moved;
  for_each_given_line(waiting.view(), [&](std::uint64_t connection, std::string_view line) {
    const auto found = clients_.find(connection);
    if (found != clients_.end() && found->second->open_lines() > 0) {
      moved.emplace(connection, found->second);
      move(*found->second);
    }
    const auto client = moved.find(connection);
    if (client != moved.end() && client->second->open_lines() > 0)
      client->second->slot().keep_line(*client->second, line);
  });
}

// With its open lines, which are kept there next.
void WorkerSlot::move(WorkerClient& client) {
  WorkerSlot& next = pool_.best_slot();
  next.join(client);
  waits_.forget(client);
  clients_.erase(client.number());
  next.waits_.owe(client, reactor().now());
  next.arm();
  client.wake();
}

void WorkerSlot::keep_line(WorkerClient& client, std::string_view line) {
  try {
    if (worker_ == nullptr) return unwritten_.append(reactor().buffers(), line);
    worker_->give_again(line);
    if (client.worker == worker_.get()) return;  // not the first of its lines
    client.worker = worker_.get();
    worker_->open_lines += client.open_lines();
  } catch (const std::bad_alloc&) {
    forget_lines(client);
    client.fail("ERR out of memory\n", EndCause::over_limit);
  }
}

}  // namespace reactord
