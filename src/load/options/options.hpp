// Options: the command line of reactord-load. Its table of options is settings.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/options/option_values.hpp"
#include "load/script/script.hpp"
#include "load/script/template.hpp"
#include "reactord/address.hpp"

namespace reactord::load {

inline constexpr int exit_usage = 64;  // EX_USAGE of sysexits.h(3head)

// A Conn takes over a request of this length at once, behind bytes that are unsent and requests that are sent with it.
inline constexpr std::size_t longest_request = 32 * 1024 - 256;

struct LoadOptions {
  std::string protocol;      // line, echo or raw
  std::string address_text;  // as it was written
  Address address;           // with a host_name only the port is right until resolve_target()
  std::string host_name;     // empty: the address is numeric, or a path

  std::uint64_t connections = 10;
  std::uint64_t processes = 1;
  Duration duration = 10s;
  Duration warmup{0};
  Duration ramp{0};
  Duration timeout = 5s;
  std::uint64_t depth = 1;  // requests in flight on one connection
  double rate = 0;          // requests a second, of all connections; 0: closed loop
  bool poisson = false;     // exponential intervals, as of independent users; else equal ones
  double connect_rate = 0;  // new connections a second, with one request each; sets `rate` too
  bool connection_per_request = false;
  std::uint64_t hold = 0;  // further connections that stay idle
  std::string script_path;
  std::optional<Script> script;
  std::string send_text, expect_text;    // as they were written; empty: the texts of the protocol
  std::optional<Template> send, expect;  // expect: nothing if any line is a reply
  std::uint64_t seed = 1;

  bool latency = false;
  bool quiet = false;
  std::string slo;  // a condition; empty: none
  std::string json_path, plot_path;
  std::vector<std::string> compare;  // two files
  std::vector<std::string> fail_if;  // conditions
  bool help = false, version = false;

  // In the share of one process: the number of its first connection, and its own number.
  std::uint64_t first_connection = 0;
  std::uint64_t process = 0;

  bool is_open_loop() const noexcept { return rate > 0; }
};

// Parses and checks the command line, reads the script and parses the templates. An error says what was wrong and what
// would be right.
Parsed<LoadOptions> parse_load_options(int argc, char** argv);
std::string load_help_text();
std::string load_version_text();

// Resolves the host name, if there is one. Of several addresses it chooses the first that accepts a connection now, which
// is closed again. Blocks, up to --timeout for each address. There must be no Reactor in this thread.
Parsed<void> resolve_target(LoadOptions& options);

// Checks that the options go together, and fills in the options that follow from them.
Parsed<void> complete_options(LoadOptions& options);

}  // namespace reactord::load
