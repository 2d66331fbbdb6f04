// reactord itself, as the value that run_daemon() makes a daemon of. It is no part of the library.
#pragma once

#include "reactord/daemon.hpp"

namespace reactord {

DaemonProgram reactord_program();

}  // namespace reactord
