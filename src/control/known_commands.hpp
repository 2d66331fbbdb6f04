// Known commands: those of the control socket that --help tells of. Any other word is sent as it is, because the daemon that
// runs may be of another version: it decides what is a command.
#pragma once

#include <span>
#include <string_view>

namespace reactord::control {

struct KnownCommand {
  std::string_view name, arguments, help;
  bool goes_on = false;  // its answer has no end until somebody has enough, and may pause for any time
};

std::span<const KnownCommand> known_commands() noexcept;

// Whether the command of this request goes on.
bool goes_on(std::string_view request) noexcept;

}  // namespace reactord::control
