// The files of a configuration: the one that was named, after it conf.d/*.conf in the same folder, in the order of their
// names, and at last instances/NAME.conf there, whose listeners take the place of all others.
#pragma once

#include <string>

#include "daemon/configuration.hpp"

namespace reactord {

inline constexpr std::size_t most_configuration_files = 1000;  // in conf.d

// Every file that can't be read is a mistake, beside those in the others. A conf.d that does not exist is none, nor is a
// file of the instance. `instance`: its name; empty: none.
Configuration read_configuration(const std::string& file, const std::string& instance = {});

}  // namespace reactord
