// The files of a configuration: the named one, then conf.d/*.conf in the same folder in the order of their names, then
// instances/NAME.conf there, whose listeners replace all others.
#pragma once

#include <string>

#include "daemon/configuration.hpp"

namespace reactord {

inline constexpr std::size_t most_configuration_files = 1000;  // the most in conf.d

// Every file that can't be read is a mistake, besides the mistakes in the others. A missing conf.d or instance file is
// not a mistake. `instance`: its name; empty: none.
Configuration read_configuration(const Program& program, const std::string& file,
                                 const std::string& instance = {});

}  // namespace reactord
