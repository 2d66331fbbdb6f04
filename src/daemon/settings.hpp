// Settings: everything that an operator may set, one row each.
//
//     name           placeholder   section   help                     standard   apply
//     idle-timeout   DURATION      ...       close a connection ...   60s        text -> Options::limits.idle_timeout
//
// The table knows neither a command line nor a file: whoever reads one finds the row by its name and applies the text.
// It is where a new setting is added, once: --help, the options and "did you mean" are made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/log.hpp"
#include "daemon/values.hpp"
#include "reactord/limits.hpp"

namespace reactord {

struct ListenOption {
  std::string protocol;
  std::string address;  // as Address::parse() takes it; it has parsed
};

struct Options {
  std::vector<ListenOption> listen;
  Duration drain_timeout = 30s;
  Limits limits = {};  // connections.most 0: as many as the descriptors allow
  LogLevel log_level = LogLevel::info;
  unsigned log_rate = 100;  // lines a second of one kind; 0: all
  bool help = false;
  bool version = false;
};

struct Setting {
  std::string_view name;         // a literal, without dashes
  std::string_view placeholder;  // empty: it takes no value, and has a meaning on a command line only
  std::string_view section;
  std::string_view help;
  std::string_view standard;  // what holds without it, as it would be written; empty: nothing to write
  // Sets it in the Options. An error begins with `text`, or with what is wrong where there is none.
  Parsed<void> (*apply)(std::string_view text, Options& options);
};

std::span<const Setting> settings() noexcept;                 // in the order of --help
const Setting* find_setting(std::string_view name) noexcept;  // null: there is none

// Whether they go together; once all are applied. An error names the settings as options.
Parsed<void> check_settings(const Options& options);

}  // namespace reactord
