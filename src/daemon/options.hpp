// Options: the command line of reactord, made of the settings.
#pragma once

#include <string>

#include "daemon/settings.hpp"

namespace reactord {

inline constexpr int exit_usage = 64;  // EX_USAGE of sysexits.h(3head)

Parsed<Options> parse_options(int argc,
                              char** argv);  // checked by check_settings(); without --listen, line@:9090
std::string help_text();
std::string version_text();

}  // namespace reactord
