// check_program: whether a program can be started, as far as that is known without starting it.
#pragma once

#include "protocols/programs/program_settings.hpp"
#include "reactord/error.hpp"

namespace reactord {

// Errors: those of check_launch(), for the environment that its processes will have. It reads the file system.
Result<void> check_program(const ProgramSettings& settings);

}  // namespace reactord
