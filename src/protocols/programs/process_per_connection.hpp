// ProcessPerConnection: a program of which a process serves one connection, and ends with it.
//
//     serve() --> waits for its turn: in order, one start at a time
//                   a place         ProgramSettings::processes at once; a process holds it until it has ended
//                   the rate        ProgramSettings::starts a second, starts_at_once after a quiet time
//             --> ConnectionProcess: bytes both ways --> left: it ends alone, however long that takes
//
// A connection that waits is not read, and gives its turn up when its Context is done. One whose program can't be started
// is told "ERR cannot start upper", and ends with EndCause::error.
#pragma once

#include <cstddef>
#include <cstdint>

#include "protocols/programs/connection_process.hpp"
#include "reactord/event.hpp"
#include "reactord/handler.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/wait_group.hpp"
#include "serve/token_bucket.hpp"

namespace reactord {

class ProcessPerConnection final : ConnectionProcess::Listener {
 public:
  // Starts hold the loop up, and compete with it for the processors.
  static constexpr std::uint32_t starts_at_once = 4;

  ProcessPerConnection(const ProgramHost& host, ProgramSettings settings);
  ~ProcessPerConnection();  // kills the processes that are left. Not while it serves a connection

  void change(ProgramSettings settings);  // from the next start on

  // Serves `client` to its end, as StreamHandler::serve().
  Task<> serve(Conn& client, Context& context);

  // Starts no process any more, closes the standard input of those that run, and returns when all have ended: after
  // program_grace SIGTERM is sent, after program_term_grace SIGKILL.
  Task<> stop();

  std::size_t connections() const noexcept { return connections_; }    // that are served or wait
  std::size_t processes() const noexcept { return running_.count(); }  // that run, also without a connection
  std::uint64_t starts() const noexcept { return process_starts_; }    // of processes, so far

 private:
  Task<bool> wait_for_turn(Context& context);  // false: it does not come any more
  Result<ConnectionProcess*> start(Conn& client);
  Task<> refuse(Conn& client, Error error);
  void leave(ConnectionProcess& process) noexcept;
  void drop(ConnectionProcess& process) noexcept;
  void on_process_silent(const ConnectionProcess& process) override;
  void on_process_ended(ConnectionProcess& process) override;

  const ProgramHost host_;
  ProgramSettings settings_;
  ProgramEnvironment environment_;
  std::size_t connections_ = 0;
  std::uint64_t started_ = 0;  // the number of the last connection with a process
  std::uint64_t process_starts_ = 0;
  bool is_stopping_ = false;
  bool silence_is_told_ = false;  // of these settings: once is enough
  Semaphore turn_;                // of the connection that is started next
  Event place_;                   // set when there may be one
  TokenBucket starts_;
  WaitGroup running_;                  // the processes
  List<ConnectionProcess> processes_;  // owned: those that run or are served
};

}  // namespace reactord
