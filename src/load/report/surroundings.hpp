// Surroundings: what a result must tell beside its numbers: what was asked for, and where it ran.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "load/options/options.hpp"

namespace reactord::load {

using Named = std::vector<std::pair<std::string, std::string>>;

Named configuration_of(const LoadOptions& options);  // in the order in which it is shown
Named surroundings();                                // kernel, cpu, descriptors, somaxconn, version

}  // namespace reactord::load
