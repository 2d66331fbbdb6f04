// Settings: everything that an operator may set, one row each, in settings_table.cpp.
//
//     name           value      section   standard   apply                                  help, manual
//     idle-timeout   DURATION   ...       60s        text -> Options::limits.idle_timeout   close a connection ...
//
// The table knows neither a command line nor a file: whoever reads one finds the row by its name and applies the text.
// A new setting is added there, once. The command line, --help and "did you mean" read the table as they run; make docs
// writes manual pages, completion, example and README from it.
#pragma once

#include <cstdint>
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

// What a shell offers for a value.
enum class Completion : std::uint8_t {
  nothing,   // the operator's own number, name or address
  words,     // one of ValueKind::words
  file,      // the name of a file
  protocol,  // the name of a protocol
  listen,    // the name of a protocol and "@"; an address follows
};

// What may stand in the place of a placeholder.
struct ValueKind {
  std::string_view placeholder;
  std::string_view help =
      "";  // what it may be; literal text is between backquotes; empty: its settings say so
  Completion completion = Completion::nothing;
  std::span<const std::string_view> words = {};
};

struct Setting {
  std::string_view name;   // a literal, without dashes
  const ValueKind* value;  // null: it takes no value
  std::string_view section;
  std::string_view standard;  // what holds without it, as it would be written; empty: it is an option only
  // Sets it in the Options. An error begins with `text`, or with what is wrong where there is none.
  Parsed<void> (*apply)(std::string_view text, Options& options);
  std::string_view help;    // one line, for --help and the example of the configuration
  std::string_view manual;  // sentences for the manual page; literal text is between backquotes
  char letter = 0;          // a short option that means the same; 0: there is none

  bool is_key() const noexcept { return !standard.empty(); }  // may stand in a file, too
  std::string_view placeholder() const noexcept {
    return value == nullptr ? std::string_view() : value->placeholder;
  }
};

std::vector<const ValueKind*> explained_values();             // those with a help, in the order of --help
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
