// Socket place: where the control socket of the daemon is.
//
//     --socket PATH      else      REACTORD_CONTROL=PATH      else      the first of usual_sockets() that is there
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/options.hpp"

namespace reactord::control {

// /run/reactord/control.sock, then reactord/control.sock in `runtime_directory`, which is XDG_RUNTIME_DIR; empty: not set.
std::vector<std::string> usual_sockets(std::string_view runtime_directory);

// `option` is that of --socket, `variable` REACTORD_CONTROL; empty: not given. A usual one in a folder that may not be
// entered is taken where no other is there: the connection then tells that permission is missing. The error says where it
// was looked for, and what would be right.
Parsed<std::string> find_socket(std::string_view option, std::string_view variable,
                                std::span<const std::string> usual);

}  // namespace reactord::control
