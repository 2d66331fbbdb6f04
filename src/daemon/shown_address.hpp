// Addresses as the log and the manager show them: as they are written in the configuration.
#pragma once

#include <string>

#include "reactord/address.hpp"

namespace reactord {

// As Address::text(), with "unix:" before a path or a name.
std::string shown_address(const Address& address);

}  // namespace reactord
