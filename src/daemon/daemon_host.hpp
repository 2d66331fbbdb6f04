// DaemonHost: the ControlHost of a real daemon: what its parts know, and what they do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/control_host.hpp"
#include "daemon/control_limits.hpp"
#include "daemon/listeners.hpp"
#include "daemon/live_settings.hpp"
#include "daemon/program_log.hpp"

namespace reactord {

class DaemonHost final : public ControlHost {
 public:
  // All of it must outlive the DaemonHost.
  struct Parts {
    Reactor& reactor;
    Server& server;
    Listeners& listeners;
    Programs& programs;
    Counters& counters;
    const ProgramLog& program_log;
    LiveSettings& settings;
    Log& log;
    const SlowCalls& slow_calls;
    const EndedConnections& ended_connections;
    const EventLog& events;
  };
  // Does what a signal to stop does, in its turn.
  using Stop = std::move_only_function<void()>;

  DaemonHost(const Parts& parts, Stop stop) : parts_(parts), stop_(std::move(stop)) {}

  Server& server() noexcept override { return parts_.server; }
  std::string version() const override;
  std::size_t descriptors() const override { return parts_.settings.descriptors(); }
  void tell(TellCounter& tell) const override;
  std::vector<ListenerRow> listeners() const override;
  std::vector<Programs::Shown> programs() const override { return parts_.programs.shown(); }
  std::vector<LimitRow> limits() const override;
  LogLevel log_level() const override { return parts_.settings.options().log_level; }
  const SlowCalls& slow_calls() const override { return parts_.slow_calls; }
  const EndedConnections& ended_connections() const override { return parts_.ended_connections; }
  Duration stall_threshold() const override { return parts_.settings.options().limits.stall_threshold; }
  std::string refuses_reload() const override;
  LiveTotals& totals() noexcept override { return parts_.counters.totals(); }
  DaemonFacts facts() const override;
  Log& log() noexcept override { return parts_.log; }
  Semaphore& traces() noexcept override { return traces_; }

  Task<std::vector<std::string>> reload(ControlCaller caller) override;
  Task<std::vector<std::string>> set_limit(std::string name, std::string value,
                                           ControlCaller caller) override;
  Task<std::vector<std::string>> set_log_level(LogLevel level, ControlCaller caller) override;
  Task<std::vector<std::string>> drain(ControlCaller caller) override;

 private:
  Parts parts_;
  Stop stop_;
  Semaphore traces_{parts_.reactor, control_traces};
};

}  // namespace reactord
