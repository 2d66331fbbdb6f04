// Options: the command line of reactord-load, made of one table.
//
//     letter  name          placeholder  section  help                      standard  apply
//     c       connections   NUMBER       ...      so many at once           10        text -> LoadOptions::connections
//
// A new option is a new row: getopt, --help, "did you mean" and the completion's test are made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/options/values.hpp"
#include "load/script/script.hpp"
#include "load/script/template.hpp"
#include "reactord/address.hpp"

namespace reactord::load {

inline constexpr int exit_usage = 64;  // EX_USAGE of sysexits.h(3head)

// So that it always fits what a connection takes over at once, behind what is unsent and what is sent with it.
inline constexpr std::size_t longest_request = 32 * 1024 - 256;

struct LoadOptions {
  std::string protocol;      // line, echo or raw
  std::string address_text;  // as it was written
  Address address;           // of a host that has a name: its port, until resolve_target() has looked
  std::string host_name;     // empty: the address is numeric, or a path

  std::uint64_t connections = 10;
  std::uint64_t processes = 1;
  Duration duration = 10s;
  Duration warmup{0};
  Duration ramp{0};
  Duration timeout = 5s;
  std::uint64_t depth = 1;  // requests in flight on one connection
  double rate = 0;          // requests a second, of all; 0: closed loop
  bool poisson = false;     // intervals as of independent users; else all equal
  double connect_rate = 0;  // new connections a second, one request on each; it is the rate then
  bool connection_per_request = false;
  std::uint64_t hold = 0;  // connections beside the others that stay idle
  std::string script_path;
  std::optional<Script> script;
  std::string send_text, expect_text;    // as they were written; empty: those of the protocol
  std::optional<Template> send, expect;  // expect: nothing where any line will do
  std::uint64_t seed = 1;

  bool latency = false;
  bool quiet = false;
  std::string slo;  // a condition; empty: none
  std::string json_path, plot_path;
  std::vector<std::string> compare;  // two files
  std::vector<std::string> fail_if;  // conditions
  bool help = false, version = false;

  // What a process of several does: its share of the numbers, which are of all processes up to here.
  std::uint64_t first_connection = 0;  // the number of its first
  std::uint64_t process = 0;

  bool is_open_loop() const noexcept { return rate > 0; }
};

struct LoadSetting {
  char letter;  // 0: none
  std::string_view name, placeholder, section, help, standard;
  Parsed<void> (*apply)(std::string_view text, LoadOptions& options);
};

std::span<const LoadSetting> load_settings() noexcept;  // in the order of --help

// Checked, scripts read and templates parsed. An error says what was wrong and what would be right.
Parsed<LoadOptions> parse_load_options(int argc, char** argv);
std::string load_help_text();
std::string load_version_text();

// Looks the name of the host up, if it has one: of several addresses the first that takes a connection now, which is
// closed again. Blocks; with --timeout for each. There must be no Reactor in this thread.
Parsed<void> resolve_target(LoadOptions& options);

// Whether all of it goes together; and what follows from it is filled in.
Parsed<void> complete(LoadOptions& options);

}  // namespace reactord::load
