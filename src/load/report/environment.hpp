// Environment: the context that a result needs beside its numbers: the options of the run, and the machine it ran on.
#pragma once

#include "load/options/options.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

NamedValues configuration_of(const LoadOptions& options);
NamedValues environment();  // kernel, cpu, descriptors, somaxconn, version

}  // namespace reactord::load
