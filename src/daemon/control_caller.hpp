// ControlCaller: the peer that gives a command at the control socket, as the log names it: uid=0 pid=4711.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/log.hpp"
#include "reactord/address.hpp"

namespace reactord {

// The credentials of its connection; empty: they are not known.
using ControlCaller = std::optional<PeerCredentials>;

inline void add_caller(Log::Line& line, const ControlCaller& caller) {
  if (!caller) return;
  line.add("uid", std::uint64_t{caller->user});
  // 0: it is in another pid namespace.
  if (caller->process > 0) line.add("pid", static_cast<std::uint64_t>(caller->process));
}

}  // namespace reactord
