// ServedProgram: a program as the handler of connections, in either mode. The daemon has one for each name.
//
//     connection --> ServedProgram --worker------> WorkerPool: a few processes for all
//                                   --connection--> ProcessPerConnection: one process for each
#pragma once

#include <memory>

#include "protocols/programs/program_host.hpp"
#include "protocols/programs/program_settings.hpp"
#include "reactord/handler.hpp"

namespace reactord {

class ProcessPerConnection;
class WorkerPool;

class ServedProgram final : public StreamHandler {
 public:
  // All must outlive it.
  ServedProgram(const ProgramHost& host, ProgramSettings settings);
  ~ServedProgram() override;  // kills the processes that are left

  const ProgramSettings& settings() const noexcept { return settings_; }

  // Starts the workers. A start that fails is told to the observer, and tried again.
  void start();
  // Starts new workers, also where no setting has changed: the program's file may have. The former ones end once they have
  // given the answers they owe. Processes of one connection go on.
  void change(ProgramSettings settings);
  // Ends all processes in order, and returns when they have ended: standard input is closed, after program_grace SIGTERM is
  // sent, after program_term_grace SIGKILL. To be called when no connection is left, or none is to be served any more.
  Task<> stop();

  // The number of connections that it serves.
  std::size_t connections() const noexcept;
  std::size_t processes() const noexcept;  // that run, for whatever reason
  std::uint64_t starts() const noexcept;   // of processes, so far
  // The lines of connections that a worker has not answered yet. None in mode connection, where lines are unknown.
  std::size_t open_lines() const noexcept;

  Task<> serve(Conn& conn, Context& context) override;

 private:
  const ProgramHost host_;
  ProgramSettings settings_;
  // Each from the first time that it was the mode.
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<ProcessPerConnection> processes_;
};

}  // namespace reactord
