// Known commands: those of the control socket that --help tells of. Any other word is sent as it is, because the daemon that
// runs may be of another version: it decides what is a command.
#pragma once

#include <span>
#include <string_view>

namespace reactord::control {

struct KnownCommand {
  std::string_view name, arguments, help;
};

std::span<const KnownCommand> known_commands() noexcept;

}  // namespace reactord::control
