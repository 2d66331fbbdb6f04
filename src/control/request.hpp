// Request: the line that asks for a command.
#pragma once

#include <span>
#include <string>

#include "control/options.hpp"

namespace reactord::control {

// The words with a space between them, --json where that is asked for, and the line's end. A word with a line's end or a NUL
// would be another request, and is refused. The error says what was wrong and what would be right.
Parsed<std::string> request_of(std::span<const std::string> words, bool json);

}  // namespace reactord::control
