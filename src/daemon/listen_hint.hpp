// What to do about a listener that could not be opened.
#pragma once

#include <string>

#include "daemon/settings.hpp"
#include "reactord/error.hpp"

namespace reactord {

// A sentence for the operator; empty: the error says it all. `wanted`: all that were to be opened.
std::string listen_hint(const Error& error, const std::vector<ListenOption>& wanted);

}  // namespace reactord
