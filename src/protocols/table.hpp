// The protocols that reactord serves: one line each, in table.cpp.
#pragma once

#include <vector>

#include "reactord/protocol.hpp"

namespace reactord {

// One object serves all connections. It lives as long as the program.
using Handler = AnyHandler;

std::vector<Protocol> protocols();  // in the order of the table

}  // namespace reactord
