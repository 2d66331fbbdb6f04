// Settings: everything that an operator may set, one row each, in settings_table.cpp; or in the table of a program
// (program.hpp).
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

#include "daemon/access_log.hpp"
#include "daemon/control_option.hpp"
#include "daemon/listen_list.hpp"
#include "daemon/log.hpp"
#include "daemon/program_list.hpp"
#include "daemon/side_place.hpp"
#include "daemon/values.hpp"
#include "reactord/limits.hpp"
#include "reactord/setting.hpp"

namespace reactord {

class Program;

struct Options {
  explicit Options(const Program& of);

  const Program* program;  // whose settings they are
  ListenList listen;       // empty: passed sockets, or Program::listen()
  ProgramList programs;    // what may be listened for beside the protocols of `program`
  bool reuse_port = false;
  ControlOption control;     // by default none
  SidePlace metrics;         // the same
  std::string metrics_file;  // empty: none
  Duration drain_timeout = 30s;
  Limits limits = {};  // connections.most is 0 for as many as the descriptors allow
  LogLevel log_level = LogLevel::info;
  // The level of connections that asked nothing, or closed once all was answered.
  LogLevel probe_level = LogLevel::info;
  AccessLog access_log;     // by default all
  unsigned log_rate = 100;  // lines a second of one kind; 0: no limit
  std::string config;       // the file; empty: none
  std::string instance;     // empty: none
  bool check = false;
  bool quiet = false;
  std::string inetd;  // the protocol, as written; empty: no inetd
  bool help = false;
  bool version = false;
  // The values of the program's own settings, in their order, as steps that put them in force.
  std::vector<DaemonSetting::PutInForce> own;
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
  std::string_view example = "";  // of settings without a default
};

// The meaning of a setting that is given again.
enum class Again : std::uint8_t {
  replaces,  // the later value counts; twice in one file is a mistake
  adds,      // it is a list, empty at first
};

struct Setting {
  std::string_view name;   // ends with a NUL, without dashes
  const ValueKind* value;  // null when it takes no value
  std::string_view section;
  std::string_view standard;  // its default, as it would be written; empty: it has none
  Parsed<void> (*set)(std::string_view text, Options& options);  // null for a setting of the program's own
  std::string_view help;    // one line, for --help and the example of the configuration
  std::string_view manual;  // sentences for the manual page; literal text is between backquotes
  char letter = 0;          // the short option with the same meaning; 0: none
  Again again = Again::replaces;
  const DaemonSetting* own = nullptr;  // the program's own, at that place in Options::own
  std::size_t own_index = 0;

  // Sets it in the Options. An error begins with `text`, or with the fault when `text` is empty.
  Parsed<void> apply(std::string_view text, Options& options) const;

  bool is_list() const noexcept { return again == Again::adds; }
  // True when it may stand in a file, too. A list needs no default for that.
  bool is_key() const noexcept { return !standard.empty() || is_list(); }
  // A value that may be written.
  std::string_view example() const noexcept { return standard.empty() ? value->example : standard; }
  std::string_view placeholder() const noexcept {
    return value == nullptr ? std::string_view() : value->placeholder;
  }
};

// The settings of every daemon, in the order of --help. What depends on the program Program puts in: the default of
// listen, and the name of the last section. The sentences for the manual are those of reactord.
std::span<const Setting> common_settings() noexcept;
// Says whether the section is one of limits on clients: such settings may be changed while the daemon runs.
bool is_limit(const Setting& setting) noexcept;
inline constexpr std::string_view run_section = "How it is run (on the command line only)";
inline constexpr std::string_view about_section = "About";

// Puts the values of the program's own settings in force: call it when nothing is wrong with any setting.
void put_own_in_force(const Options& options);

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
