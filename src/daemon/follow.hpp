// Follow: the part that the commands have in common which show something live: events, trace.
//
//     +-> lines that wait are written ---> wait for lines, input ---+--- lines, or their end
//     +-------------------------------------------------------------+
//                                                                   +--- input of the client, or its end  ---> OK
//                                                                   +--- the control socket is closed     ---> ERR
//
// Input is anything: it is left where it is, so that the next command is read from it, and an empty line, which is none, just
// ends this one. Meanwhile the client is not idle, however long nothing happens: it waits for the daemon.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/control_command.hpp"
#include "daemon/live_lines.hpp"

namespace reactord {

// Appends a line, with its end, that says that `count` lines were left out.
using AppendOmitted = void (*)(std::string& out, std::uint64_t count, ControlFormat format);

// Writes `lines` until they end, or the client has enough. Result: as of a ControlCommand.
Task<std::string> follow(ControlRequest& request, LiveLines& lines, AppendOmitted append_omitted);

}  // namespace reactord
