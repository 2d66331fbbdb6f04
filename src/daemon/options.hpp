// Options: the command line of a daemon, made of the settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/configuration.hpp"

namespace reactord {

inline constexpr int exit_usage = 64;          // EX_USAGE of sysexits.h(3head)
inline constexpr int exit_configuration = 78;  // EX_CONFIG

struct CommandLine {
  Options options;                      // the result, without a file
  std::vector<Assignment> assignments;  // the options as written, in their order
};

// The first mistake ends it. Conflicts between settings are not checked: a file may follow. The
// program must outlive the result.
Parsed<CommandLine> parse_command_line(const Program& program, int argc, char** argv);

std::string values_text(const Program& program,
                        std::string_view indent);  // explains DURATION and so on, one line each
std::string options_text(const Program& program);  // the part of the help that lists the settings and values
std::string help_text(const Program& program);
std::string version_text(const Program& program);

}  // namespace reactord
