// What a daemon is to listen at, by its settings and by what the service manager has passed; and what that takes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/settings.hpp"

namespace reactord {

// What is to be served: the listen options; without any, every name that was passed and is a protocol's; where nothing
// was passed, line@:9090. Empty: sockets were passed, and none has the name of a protocol.
std::vector<ListenOption> wanted_listeners(const Options& options,
                                           const std::vector<std::string>& passed_names);

// How many descriptors listening needs: one for each listener; one more for each passed socket, which stays open beside
// that for as long as we run. `held`: names of passed sockets that are wanted or not and stay open; `unclaimed`: of those
// that stay open only if they are wanted. Each as often as there are sockets of that name.
std::size_t listening_descriptors(const std::vector<ListenOption>& wanted,
                                  const std::vector<std::string>& held,
                                  const std::vector<std::string>& unclaimed);

}  // namespace reactord
