// TopSample: what a daemon has told of itself at one moment, and the readers of its answers.
//
//     stats --json         read_stats()           counts since the start, and what the daemon is
//     limits --json        read_limits()          what they are measured by
//     metrics              read_daemon_metrics()  histograms, and counts that include open connections
//     programs --json      read_programs()
//     connections --json   read_connections()
//
// A figure that a daemon of another version does not tell stays empty, and one that is not known here is left out. Errors: an
// answer that is no JSON, or no text of metrics, or has another form.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/histogram.hpp"
#include "control/options.hpp"
#include "reactord/time.hpp"

namespace reactord::control {

using Count = std::optional<std::uint64_t>;  // empty: the daemon does not tell

struct TopConnection {
  std::uint64_t id = 0;
  std::string protocol, peer, state;
  Duration age = 0s, silent = 0s;
  std::uint64_t lines = 0, in = 0, out = 0, buffered = 0, unsent = 0;
};

struct TopProgram {
  std::string name, mode, state;
  std::uint64_t workers = 0, running = 0, connections = 0, open_lines = 0, starts = 0, ends = 0;
};

struct EndCount {
  std::string cause;
  std::uint64_t count = 0;
};

struct TopSample {
  Time at;  // by this machine's clock

  // ---- stats
  std::string version, log_level;
  bool is_draining = false;
  std::optional<Duration> uptime;
  Count pid, open, waiting, accepted, resident, buffers, descriptors_limit;
  Count ended_lines, ended_in, ended_out;  // of connections that have ended
  std::vector<EndCount> ended;             // by cause, in the order of end_causes()

  // ---- limits: 0: no limit
  Count connections_limit, buffers_limit;

  // ---- metrics
  std::optional<double> lines, in, out;  // of all connections, since the start
  std::optional<double> stalls, descriptors;
  Histogram turns, handlers;  // in seconds; empty: the daemon does not tell

  std::vector<TopProgram> programs;
  std::vector<TopConnection> connections;  // in the order of the daemon
};

// The causes that connections end by, as stats names them.
std::span<const std::string_view> end_causes() noexcept;

Parsed<void> read_stats(std::string_view json, TopSample& into);
Parsed<void> read_limits(std::string_view json, TopSample& into);
Parsed<void> read_daemon_metrics(std::string_view text, TopSample& into);
Parsed<void> read_programs(std::string_view json, TopSample& into);
Parsed<void> read_connections(std::string_view json, TopSample& into);

}  // namespace reactord::control
