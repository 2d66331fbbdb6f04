// What to do about a listener that could not be opened.
#pragma once

#include <string>

#include "daemon/settings.hpp"
#include "reactord/error.hpp"

namespace reactord {

// A sentence for the operator; empty: the error says it all. `wanted`: all that were to be opened; `in_use`: what is served
// already, or was until just now.
std::string listen_hint(const Error& error, const std::vector<ListenOption>& wanted,
                        const std::vector<ListenOption>& in_use = {});

}  // namespace reactord
