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

#include "daemon/listen_list.hpp"
#include "daemon/log.hpp"
#include "daemon/values.hpp"
#include "reactord/limits.hpp"

namespace reactord {

struct Options {
  ListenList listen;  // empty: what is passed, or line@:9090
  bool reuse_port = false;
  Duration drain_timeout = 30s;
  Limits limits = {};  // connections.most 0: as many as the descriptors allow
  LogLevel log_level = LogLevel::info;
  LogLevel probe_level =
      LogLevel::info;       // of connections that asked nothing, or broke off when all was answered
  unsigned log_rate = 100;  // lines a second of one kind; 0: all
  std::string config;       // the file; empty: none
  std::string instance;     // empty: none
  bool check = false;
  bool quiet = false;
  std::string inetd;  // the protocol; empty: no inetd
  bool help = false;
  bool version = false;
};

struct Setting {
  std::string_view name;         // a literal, without dashes
  std::string_view placeholder;  // empty: it takes no value
  std::string_view section;
  std::string_view help;
  std::string_view standard;  // what holds without it, as it would be written; empty: it is an option only
  // Sets it in the Options. An error begins with `text`, or with what is wrong where there is none.
  Parsed<void> (*apply)(std::string_view text, Options& options);

  bool is_key() const noexcept { return !standard.empty(); }  // may stand in a file, too
};

std::span<const Setting> settings() noexcept;                 // in the order of --help
const Setting* find_setting(std::string_view name) noexcept;  // null: there is none

// Two settings of which the one must be at most the other, and is not.
struct Conflict {
  struct Side {
    std::string_view name;
    std::size_t value;
    bool may_be_none;  // 0 is no limit, and goes with everything
  };
  Side less, more;
};

std::vector<Conflict> find_conflicts(const Options& options);  // once all are applied

}  // namespace reactord
