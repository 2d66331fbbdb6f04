// Options: the command line of reactordctl.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/time.hpp"

namespace reactord::control {

template <typename Value>
using Parsed = std::expected<Value, std::string>;

struct ControlOptions {
  std::string socket;      // a path, or @name; empty: find_socket() has to find one
  Duration timeout = 10s;  // the daemon may be silent for so long
  bool json = false;
  std::optional<Duration> interval;    // of top; empty: one second
  std::optional<std::uint64_t> count;  // of top: so many samples, at least 1; empty: without an end
  bool help = false, version = false;
  std::vector<std::string> words;  // the command and its arguments; empty: standard input has the commands
};

// Options may stand before, between and behind the words. An error says what was wrong and what would be right.
Parsed<ControlOptions> parse_control_options(int argc, char** argv);
std::string control_help_text();
std::string control_version_text();

}  // namespace reactord::control
