// The listeners that a daemon wants by its settings and by the passed sockets, and the descriptors for them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/settings.hpp"

namespace reactord {

// The listen options; without any, every passed name that is a protocol's or a program's; without passed sockets,
// Program::listen(). Empty when sockets were passed, and none has the name of a protocol or a program.
std::vector<ListenOption> wanted_listeners(const Options& options,
                                           const std::vector<std::string>& passed_names);

// The programs that one of these listeners serves: the others need not run.
std::vector<ProgramSettings> wanted_programs(const Options& options, const std::vector<ListenOption>& wanted);

// The number of descriptors for listening: one for each listener, and one more for each passed socket, which stays open
// beside it as long as the process runs. `held`: names of passed sockets that stay open even if unwanted. `unclaimed`:
// names of those that stay open only if they are wanted. Each name appears once per socket.
std::size_t listening_descriptors(const std::vector<ListenOption>& wanted,
                                  const std::vector<std::string>& held,
                                  const std::vector<std::string>& unclaimed);

}  // namespace reactord
