// Settings: everything that an operator may set, one row each, in settings_table.cpp.
//
//     name           value      section   standard   apply                                  help, manual
//     idle-timeout   DURATION   ...       60s        text -> Options::limits.idle_timeout   close a connection ...
//
// The table knows neither a command line nor a file: their readers find the row by its name and apply the text. A new
// setting is added there, once. The command line, --help and "did you mean" read the table at run time; make docs
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
  ListenList listen;  // empty: passed sockets, or line@:9090
  bool reuse_port = false;
  Duration drain_timeout = 30s;
  Limits limits = {};  // connections.most is 0 for as many as the descriptors allow
  LogLevel log_level = LogLevel::info;
  // The level of connections that asked nothing, or closed once all was answered.
  LogLevel probe_level = LogLevel::info;
  unsigned log_rate = 100;  // lines a second of one kind; 0: no limit
  std::string config;       // the file; empty: none
  std::string instance;     // empty: none
  bool check = false;
  bool quiet = false;
  std::string inetd;  // the protocol; empty: no inetd
  bool help = false;
  bool version = false;
};

// The completion that a shell offers for a value.
enum class Completion : std::uint8_t {
  nothing,   // the operator's own number, name or address
  words,     // one of ValueKind::words
  file,      // the name of a file
  protocol,  // the name of a protocol
  listen,    // the name of a protocol and "@"; an address follows
};

// The kinds of values, by their placeholder.
struct ValueKind {
  std::string_view placeholder;
  // The values it takes. Literal text is between backquotes. Empty: its settings explain it.
  std::string_view help = "";
  Completion completion = Completion::nothing;
  std::span<const std::string_view> words = {};
};

struct Setting {
  std::string_view name;   // a literal, without dashes
  const ValueKind* value;  // null when it takes no value
  std::string_view section;
  std::string_view standard;  // its default, as it would be written; empty: it is an option only
  // Sets it in the Options. An error begins with `text`, or with the fault when `text` is empty.
  Parsed<void> (*apply)(std::string_view text, Options& options);
  std::string_view help;    // one line, for --help and the example of the configuration
  std::string_view manual;  // sentences for the manual page; literal text is between backquotes
  char letter = 0;          // the short option with the same meaning; 0: none

  bool is_key() const noexcept { return !standard.empty(); }  // true when it may stand in a file, too
  std::string_view placeholder() const noexcept {
    return value == nullptr ? std::string_view() : value->placeholder;
  }
};

std::vector<const ValueKind*> explained_values();  // those with a help text, in the order of --help
std::span<const Setting> settings() noexcept;      // in the order of --help
const Setting* find_setting(std::string_view name) noexcept;  // null when there is none

// Two settings of which one exceeds the other but must not.
struct Conflict {
  struct Side {
    std::string_view name;
    std::size_t value;
    bool may_be_none;  // 0 means no limit, which never conflicts
  };
  Side less, more;
};

std::vector<Conflict> find_conflicts(const Options& options);  // call it once all are applied

}  // namespace reactord
