// LiveSettings: the settings of a daemon that runs, and each way in which others come into force.
//
//     start()       it begins to listen
//     reload()      all of the new settings, or none          SIGHUP, and "reload" at the control socket
//     set_limit()   one limit, until the next reload          "limits" at the control socket
//
//     turn()        one of them at a time: what comes meanwhile waits, in the order in which it came
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control_caller.hpp"
#include "daemon/listeners.hpp"
#include "daemon/memory_budget.hpp"
#include "daemon/options.hpp"
#include "daemon/settings_in_force.hpp"
#include "reactord/semaphore.hpp"
#include "reactord/task.hpp"

namespace reactord {

class Control;
class Counters;
class EventLog;
class Metrics;
class MetricsFile;
class Notifier;
class Programs;
class ServiceStatus;

class LiveSettings {
 public:
  // The parts that the settings are put in force at, or told to. All of them must outlive the LiveSettings.
  struct Parts {
    Reactor& reactor;
    Server& server;
    Listeners& listeners;
    Programs& programs;
    Control& control;
    Metrics& metrics;
    MetricsFile& metrics_file;
    Log& log;
    EventLog& events;
    Counters& counters;
    Notifier& notifier;
    ServiceStatus& status;
  };
  // The limits of the system, measured at the start: that on memory is meant for what is used since.
  struct System {
    std::size_t descriptors;
    std::optional<MemoryLimit> memory;
  };
  // Why it can't listen, and what the operator may do about it; empty: the error says it all.
  struct Refusal {
    Error error;
    std::string hint;
  };
  // The origin of a limit that was set by set_limit().
  static constexpr std::string_view control_origin = "control socket";

  // `options` are those of `settings` within the limits of the system. `line` must outlive it.
  LiveSettings(const CommandLine& line, const SettingsInForce& settings, Options options, System system,
               const Parts& parts);

  const Options& options() const noexcept { return options_; }  // in force
  const SettingsInForce& settings() const noexcept { return settings_; }
  std::size_t descriptors() const noexcept { return system_.descriptors; }
  std::size_t mistakes() const noexcept { return mistakes_; }  // the number in the last reload
  Semaphore& turn() noexcept { return turn_; }                 // of capacity 1

  // Listens at what the options want. Throws bad_alloc.
  static Task<std::expected<void, Refusal>> start(LiveSettings& live);

  // Reads the settings again and puts all of them in force, or none. Result: the mistakes, one line each, which are in the
  // log, too; empty: it is done. While the server drains nothing is read.
  static Task<std::vector<std::string>> reload(LiveSettings& live);

  // Sets one limit until the next reload. Result: as of reload().
  static Task<std::vector<std::string>> set_limit(LiveSettings& live, std::string name, std::string value,
                                                  ControlCaller caller);

  // The level of the log until the next reload.
  void set_log_level(LogLevel level) noexcept;

 private:
  struct Wanted {
    SettingsInForce settings;
    Options options;
  };

  std::expected<void, Refusal> prepare_sides(const Options& options);
  void abandon_sides() noexcept;
  static Task<std::expected<Listeners::Change, Refusal>> change_listeners(LiveSettings& live,
                                                                          const Options& options);
  static Task<std::vector<std::string>> change_settings(LiveSettings& live);
  std::expected<Wanted, std::vector<std::string>> read() const;
  std::expected<Wanted, std::vector<std::string>> with_limit(const std::string& name,
                                                             const std::string& value) const;
  void put_in_force(const Wanted& wanted, const Listeners::Change& changed);
  std::vector<std::string> tell_refusal(const Refusal& refusal);
  void tell_mistakes(const std::vector<std::string>& lines);
  void tell_limits();

  const CommandLine& line_;
  SettingsInForce settings_;
  Options options_;
  System system_;
  Parts parts_;
  std::size_t mistakes_ = 0;
  Semaphore turn_;
};

}  // namespace reactord
