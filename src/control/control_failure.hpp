// Control failure: why the daemon at a socket could not be asked, with what would be right.
#pragma once

#include <string>
#include <string_view>

#include "control/control_client.hpp"
#include "reactord/error.hpp"
#include "reactord/time.hpp"

namespace reactord::control {

// There is no connection: `error` is that of the dial, which had `timeout`.
Outcome unreachable(const std::string& socket, Duration timeout, const Error& error);
// There was one, which has ended or was silent for `timeout` before the end of an answer.
Outcome broken_off(const std::string& socket, Duration timeout, const Error& error);

}  // namespace reactord::control
