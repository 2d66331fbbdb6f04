// Control access: which peers of the control socket may command the daemon.
//
//     uid 0, and the daemon's own       always
//     the user that owner= names        always
//     everybody else                    where mode= lets group or others connect: the kernel has asked the file then
//
// A socket without a file has no mode: only the first row holds. A peer whose user is not known is refused.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/control_option.hpp"
#include "reactord/address.hpp"

namespace reactord {

// `own`: the effective user id of the daemon.
bool may_control(const std::optional<PeerCredentials>& peer, std::uint32_t own,
                 const ControlOption& option) noexcept;

}  // namespace reactord
