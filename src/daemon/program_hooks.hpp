// ProgramHooks: on_start and on_stop of a Program, and the time that on_stop is given.
//
//     start() --> listens, serves, drains --> stop() --on_stop has ended--------+
//                                              |  the time is up: cut short     +--> Reactor::shutdown()
//                                              +--hurry(): cut short at once ---+
#pragma once

#include <optional>
#include <string>

#include "daemon/log.hpp"
#include "daemon/program.hpp"

namespace reactord {

class ProgramHooks final : Timer {
 public:
  ProgramHooks(Reactor& reactor, const Program& program, Log& log) noexcept
      : reactor_(reactor), program_(program), log_(log) {}
  ~ProgramHooks() { reactor_.timers().cancel(*this); }

  // Calls on_start. Result: why the daemon can't start; empty: it can.
  std::optional<std::string> start();

  bool has_stop() const noexcept { return program_.on_stop() != nullptr; }
  // Suspends until on_stop has ended, then ends every task by Reactor::shutdown(). What on_stop waits for fails after
  // `longest`, and at once when hurry() was called. Result: false when on_stop has failed, which is logged.
  Task<bool> stop(Duration longest);

  // Leaves on_stop no more time, now or when it is called.
  void hurry() noexcept;

 private:
  void on_timer() override;
  Task<std::optional<std::string>> call_on_stop();  // result: why it has failed

  Reactor& reactor_;
  const Program& program_;
  Log& log_;
  Duration longest_{};  // of the running on_stop
  bool is_hurried_ = false;
};

}  // namespace reactord
