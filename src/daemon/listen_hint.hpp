// The advice for a listener that could not be opened.
#pragma once

#include <string>
#include <string_view>

#include "daemon/settings.hpp"
#include "reactord/error.hpp"

namespace reactord {

// `program` is the name of the daemon. A sentence for the operator; empty when the error says it all. `wanted`: all listeners that were to be opened.
// `in_use`: the listeners that are served, or were until just now.
std::string listen_hint(std::string_view program, const Error& error, const std::vector<ListenOption>& wanted,
                        const std::vector<ListenOption>& in_use = {});

}  // namespace reactord
