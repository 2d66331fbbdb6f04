// SidePlace: where a server beside that of the clients listens, or nowhere: that of the control socket, that of the metrics.
#pragma once

#include <string>

#include "reactord/listener.hpp"

namespace reactord {

struct SidePlace {
  std::string address;  // as it is written, without the file's words; empty: none
  SocketFileOptions file = {};

  bool is_on() const noexcept { return !address.empty(); }
  bool operator==(const SidePlace&) const = default;
};

}  // namespace reactord
