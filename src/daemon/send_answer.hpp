// SendAnswer: the answer of a command that has all of its text at once.
#pragma once

#include <string>

#include "daemon/control_command.hpp"

namespace reactord {

// Suspends while the client does not read. Result: as of ControlCommand::run.
Task<std::string> send_answer(ControlRequest& request, std::string text);

}  // namespace reactord
