// Options: the command line of reactord, made of the settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/configuration.hpp"

namespace reactord {

inline constexpr int exit_usage = 64;          // EX_USAGE of sysexits.h(3head)
inline constexpr int exit_configuration = 78;  // EX_CONFIG

struct CommandLine {
  Options options;                      // what it comes to, without a file
  std::vector<Assignment> assignments;  // what was written, in its order
};

// The first mistake ends it. Whether the settings go together is not looked at: a file may follow.
Parsed<CommandLine> parse_command_line(int argc, char** argv);

std::string values_text(std::string_view indent);  // what stands for DURATION and so on, one line each
std::string options_text();                        // the part of the help that lists the settings and those
std::string help_text();
std::string version_text();

}  // namespace reactord
