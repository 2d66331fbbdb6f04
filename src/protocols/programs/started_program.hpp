// StartedProgram: a process of a program, with the three streams between it and us.
#pragma once

#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "event/child_process.hpp"
#include "protocols/programs/program_settings.hpp"

namespace reactord {

struct StartedProgram {
  ChildProcess child;
  FileDescriptor input;   // to write to its standard input
  FileDescriptor output;  // to read its standard output
  FileDescriptor errors;  // to read its standard error
};

// Starts it with `environment` (program_environment.hpp). The loop stands still for about 0.1 ms, without a reserve for longer
// where many descriptors are open. Errors: those of ChildPipe
// and of ChildProcess::start().
Result<StartedProgram> start_program(Reactor& reactor, const ProgramSettings& settings,
                                     std::vector<std::string> environment, LaunchReserve* reserve = nullptr);

}  // namespace reactord
