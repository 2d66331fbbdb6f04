#include "protocols/programs/worker_pool.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "protocols/programs/worker_client.hpp"
#include "serve/stream_lines.hpp"

namespace reactord {

WorkerPool::WorkerPool(const ProgramHost& host, const ProgramSettings& settings)
    : host_(host), settings_(settings), processes_(host.reactor) {
  assert(settings.mode == ProgramMode::worker && settings.workers > 0);
}

WorkerPool::~WorkerPool() { assert(connections_ == 0); }

void WorkerPool::start() { change(settings_); }

void WorkerPool::change(const ProgramSettings& settings) {
  assert(settings.mode == ProgramMode::worker && settings.workers > 0);
  if (&settings != &settings_) settings_ = settings;
  std::erase_if(stopped_, [](const auto& slot) { return slot->is_empty(); });
  while (slots_.size() < settings_.workers) {
    slots_.push_back(std::make_unique<WorkerSlot>(*this, static_cast<unsigned>(slots_.size() + 1)));
  }
  while (slots_.size() > settings_.workers) {
    stopped_.push_back(std::move(slots_.back()));
    slots_.pop_back();
    stopped_.back()->stop();
  }
  for (const auto& slot : stopped_) slot->move_clients();
  Time time = host_.reactor.now();
  for (const auto& slot : slots_) {
    slot->start_at(time);
    time = time + between_starts;
  }
}

std::size_t WorkerPool::open_lines() const noexcept {
  std::size_t count = 0;
  for (const auto* slots : {&slots_, &stopped_}) {
    for (const auto& slot : *slots) count += slot->open_lines() + slot->leaving_.open_lines();
  }
  return count;
}

Task<> WorkerPool::stop(WorkerPool& pool) {
  for (const auto& slot : pool.slots_) slot->stop();
  auto ended = co_await pool.processes_.wait();
}

Task<> WorkerPool::serve(WorkerPool& pool, Conn& conn) {
  StreamLines* const session = StreamLines::of(conn);
  assert(session != nullptr && "a server serves the connection");
  auto made = std::make_unique<WorkerClient>(pool, ++pool.last_number_, conn, *session);
  WorkerClient& client = *made;
  session->keep(std::move(made));
  const StreamLines::Owing owing(session, client);
  Task<> running = WorkerClient::run(client);
  co_await std::move(running);
}

WorkerSlot& WorkerPool::best_slot() noexcept {
  assert(!slots_.empty() && "start() comes first");
  const auto load = [](const auto& slot) { return std::pair(!slot->is_running(), slot->clients()); };
  return **std::ranges::min_element(slots_, {}, load);
}

void WorkerPool::settled(WorkerClient& client, WorkerSlot& slot) noexcept {
  WorkerSlot& next = best_slot();
  if (!slot.is_stopped() || next.is_stopped()) return;
  try {
    slot.hand_to(next, client);
  } catch (const std::bad_alloc&) {  // its next lines are late, and told so
  }
}

}  // namespace reactord
