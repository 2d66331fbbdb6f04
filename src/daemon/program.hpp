// Program: which daemon this is: its name, its protocols, and all of its settings in one table.
//
//     DaemonProgram --+
//                     +--> rows: those of every daemon, its own in front of "How it is run"
//     common_settings-+
//
// It is made once, and outlives everything that is made from it: rows, options and listeners refer to it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/settings.hpp"
#include "reactord/daemon.hpp"

namespace reactord {

class Program {
 public:
  explicit Program(DaemonProgram described);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // The rule of daemon.hpp that the description breaks; empty: none. Use nothing else if there is one.
  std::string mistake() const;

  const std::string& name() const noexcept { return described_.name; }
  const std::string& version() const noexcept { return described_.version; }
  std::string summary() const;

  std::span<const Protocol> protocols() const noexcept { return described_.protocols; }
  const Protocol* find_protocol(
      std::string_view name) const noexcept;  // null when there is none of that name

  // Its functions for the start and the end, as in daemon.hpp; empty: none.
  const std::function<Result<void>(Reactor&)>& on_start() const noexcept { return described_.on_start; }
  const std::function<Task<Result<void>>(Reactor&)>& on_stop() const noexcept { return described_.on_stop; }

  // Where it listens by default, as it is written; and the port of it for examples in messages.
  const std::string& listen() const noexcept { return described_.listen; }
  std::string_view example_port() const noexcept;

  std::span<const Setting> settings() const noexcept { return settings_; }  // in the order of --help
  const Setting* find_setting(std::string_view name) const noexcept;        // null when there is none
  std::vector<const ValueKind*> explained_values() const;  // those with a help text, in the order of --help
  // The defaults of its own settings, in their order.
  const std::vector<DaemonSetting::PutInForce>& standards() const noexcept { return standards_; }

 private:
  void add_own_settings();
  void add_own_setting(const DaemonSetting& own, const ValueKind& value);

  DaemonProgram described_;
  std::string own_section_, about_section_;
  std::vector<ValueKind> own_values_;  // one for each of its own settings
  std::vector<Setting> settings_;      // refer to what is above
  std::vector<DaemonSetting::PutInForce> standards_;
  std::string wrong_standard_;  // what is wrong with a default; empty: nothing
};

}  // namespace reactord
