#include "daemon/control_access.hpp"

namespace reactord {
namespace {

constexpr unsigned write_of_others = 0022;  // group and others: connect(2) asks for write permission

}  // namespace

bool may_control(const std::optional<PeerCredentials>& peer, std::uint32_t own,
                 const ControlOption& option) noexcept {
  if (!peer) return false;
  if (peer->user == 0 || peer->user == own) return true;
  if (!option.has_file()) return false;
  if (option.file.owner && *option.file.owner == peer->user) return true;
  return (option.file.mode.value_or(0) & write_of_others) != 0;
}

}  // namespace reactord
