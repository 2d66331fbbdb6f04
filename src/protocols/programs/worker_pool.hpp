// WorkerPool: all workers of one program, and the connections that they serve.
//
//     connection --> the slot with the fewest connections --> its worker
//
// At a reload each slot starts a new process. The former one ends once it has answered what it was given, at the latest
// program_grace after that.
#pragma once

#include <memory>
#include <vector>

#include "protocols/programs/program_host.hpp"
#include "protocols/programs/program_settings.hpp"
#include "protocols/programs/worker_slot.hpp"
#include "reactord/conn.hpp"
#include "reactord/wait_group.hpp"

namespace reactord {

class WorkerPool {
 public:
  // Between two starts, because each holds up the loop.
  static constexpr Duration between_starts = 10ms;

  // All must outlive it. The settings are of mode worker, here and in change().
  WorkerPool(const ProgramHost& host, const ProgramSettings& settings);
  ~WorkerPool();  // kills the processes that are left

  void start();
  void change(const ProgramSettings& settings);  // as ServedProgram::change()
  // No process is started any more. Suspends until all of them have ended.
  static Task<> stop(WorkerPool& pool);

  // Serves one connection. `pool` and `conn` outlive the task.
  static Task<> serve(WorkerPool& pool, Conn& conn);

  std::size_t connections() const noexcept { return connections_; }
  std::size_t processes() const noexcept { return processes_.count(); }
  std::uint64_t starts() const noexcept { return starts_; }  // of processes, so far
  std::size_t open_lines() const noexcept;                   // given to a worker, and not answered

  // ---- For its slots and clients.

  const ProgramSettings& settings() const noexcept { return settings_; }
  const ProgramHost& host() const noexcept { return host_; }
  WorkerSlot& best_slot() noexcept;
  // A client of `slot` has no open lines: it goes to another slot where that one is stopped.
  void settled(WorkerClient& client, WorkerSlot& slot) noexcept;
  bool has_been(std::uint64_t number) const noexcept { return number > 0 && number <= last_number_; }
  void connection_began() noexcept { ++connections_; }
  void connection_ended() noexcept { --connections_; }
  void process_began() noexcept {
    processes_.add();
    ++starts_;
  }
  void process_ended() noexcept { processes_.done(); }

 private:
  const ProgramHost host_;
  ProgramSettings settings_;
  std::uint64_t last_number_ = 0;  // of a connection
  std::size_t connections_ = 0;
  std::uint64_t starts_ = 0;
  WaitGroup processes_;
  std::vector<std::unique_ptr<WorkerSlot>> slots_;    // one for each worker
  std::vector<std::unique_ptr<WorkerSlot>> stopped_;  // of fewer workers than before, until they are empty
};

}  // namespace reactord
