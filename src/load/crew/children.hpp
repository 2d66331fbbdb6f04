// Children: the processes of the crew, as the one that began them deals with them.
#pragma once

#include <sys/types.h>

namespace reactord::load {

// SIGKILL, which also ends one that was stopped or does not look at its link: kill(2).
void kill_child(pid_t child) noexcept;

// A run blocks SIGINT and SIGTERM and looks at them by itself. Once it is over they end the program again; one that came
// too late to end the run is let go.
void release_signals() noexcept;

}  // namespace reactord::load
