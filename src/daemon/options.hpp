// Options: the command line of reactord.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "daemon/log.hpp"
#include "reactord/time.hpp"

namespace reactord {

struct ListenOption {
  std::string protocol;
  std::string address;  // as Address::parse() takes it; it has parsed
};

struct Options {
  std::vector<ListenOption> listen;
  Duration drain_timeout = 30s;
  Duration idle_timeout = 60s;  // 0: none
  LogLevel log_level = LogLevel::info;
  bool help = false;
  bool version = false;
};

// What was wrong and what would be right, ready to be printed.
using UsageError = std::string;

std::expected<Options, UsageError> parse_options(int argc, char** argv);
std::string help_text();
std::string version_text();

// "30s", "500ms", "2m", "1h"; "0" is no duration at all. Nothing for anything else, or for more than ten
// years.
std::expected<Duration, UsageError> parse_duration(std::string_view text);

}  // namespace reactord
