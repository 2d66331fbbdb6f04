// FormerWorkers: the workers of a slot that take no lines any more: a reload came, or they have failed. Each is here until its
// process has ended.
#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "protocols/programs/worker_process.hpp"

namespace reactord {

class FormerWorkers {
 public:
  // The number of workers that may still owe answers, after as many reloads. One more ends the oldest.
  static constexpr std::size_t most = 4;

  void make_room(std::size_t more) { workers_.reserve(workers_.size() + more); }  // throws std::bad_alloc
  // There must be room.
  WorkerProcess& add(std::unique_ptr<WorkerProcess> worker) noexcept {
    assert(workers_.size() < workers_.capacity());
    return *workers_.emplace_back(std::move(worker));
  }
  void end_one_too_many() {
    if (workers_.size() > most) workers_.front()->end("it owes answers from before too many reloads");
  }
  void remove(const WorkerProcess& worker) noexcept {
    std::erase_if(workers_, [&worker](const auto& one) { return one.get() == &worker; });
  }
  std::size_t open_lines() const noexcept {
    std::size_t count = 0;
    for (const auto& worker : workers_) count += worker->open_lines;
    return count;
  }
  std::size_t size() const noexcept { return workers_.size(); }

 private:
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
};

}  // namespace reactord
