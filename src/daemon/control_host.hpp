// ControlHost: the daemon, as the commands of its control socket see it.
//
//     what it knows      at once, as plain values
//     what it changes    one change at a time: each waits for its turn, behind SIGHUP and the changes of other clients,
//                        and is logged with the caller
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control_caller.hpp"
#include "daemon/counters.hpp"
#include "daemon/daemon_facts.hpp"
#include "daemon/ended_connections.hpp"
#include "daemon/log.hpp"
#include "daemon/programs.hpp"
#include "daemon/slow_calls.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/server.hpp"
#include "reactord/task.hpp"

namespace reactord {

class ControlHost {
 public:
  struct ListenerRow {
    std::string protocol;
    std::string address;         // as in the log
    std::string passed_as;       // FileDescriptorName= of the socket unit; empty: it was not passed
    Duration age;                // since it was opened, or began to serve that protocol
    std::uint64_t accepted = 0;  // connections, in that time
    std::size_t open = 0;        // of them
  };
  struct LimitRow {
    std::string_view name;  // of the setting
    std::string value;      // in force, as it may be written
    std::string origin;     // "default", "command line", "FILE:12", "control socket"
  };

  virtual Server& server() noexcept = 0;  // the one that serves the clients

  // ---- What it knows

  virtual std::string version() const = 0;         // "reactord 1.0"
  virtual std::size_t descriptors() const = 0;     // the limit on them
  virtual void tell(TellCounter& tell) const = 0;  // those that SIGUSR1 prints
  virtual std::vector<ListenerRow> listeners() const = 0;
  virtual std::vector<Programs::Shown> programs() const = 0;
  virtual std::vector<LimitRow> limits() const = 0;  // the settings on clients, in the order of --help
  virtual LogLevel log_level() const = 0;
  virtual const SlowCalls& slow_calls() const = 0;
  virtual const EndedConnections& ended_connections() const = 0;
  virtual Duration stall_threshold() const = 0;  // 0: no call is slow
  virtual std::string refuses_reload()
      const = 0;                              // why there can be none, whatever the files; empty: there can
  virtual LiveTotals& totals() noexcept = 0;  // it is told of each connection of server() that ends
  virtual DaemonFacts facts() const = 0;      // what metrics tell beside all this

  // ---- What it lets others follow

  virtual Log& log() noexcept = 0;
  virtual Semaphore& traces() noexcept = 0;  // a permit for each connection that is traced: control_traces

  // ---- What it changes. Each may suspend. Result: the mistakes, one line each; empty: it is done.

  // As SIGHUP does, until all of the new settings are in force or none.
  virtual Task<std::vector<std::string>> reload(ControlCaller caller) = 0;
  // Sets one of limits(), until the next reload. The mistake says what would be right.
  virtual Task<std::vector<std::string>> set_limit(std::string name, std::string value,
                                                   ControlCaller caller) = 0;
  virtual Task<std::vector<std::string>> set_log_level(LogLevel level, ControlCaller caller) = 0;
  // As SIGTERM does: the first one drains, a second one ends it at once, unless it comes within a second.
  virtual Task<std::vector<std::string>> drain(ControlCaller caller) = 0;

 protected:
  ~ControlHost() = default;
};

}  // namespace reactord
