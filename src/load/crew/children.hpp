// Children: how the process that began the run ends its workers and gives its signals back.
#pragma once

#include <sys/types.h>

namespace reactord::load {

// Sends SIGKILL, which also ends a worker that is stopped or does not read its link: kill(2).
void kill_child(pid_t child) noexcept;

// Lets SIGINT and SIGTERM end the program again after a run, which blocks them. A signal that came too late to end the
// run is discarded.
void release_signals() noexcept;

}  // namespace reactord::load
