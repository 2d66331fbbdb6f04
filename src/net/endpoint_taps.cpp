// The detour of the bytes of a connection: those that were put back, and the taps that are told of those that pass.
#include <cassert>
#include <new>

#include "net/endpoint_state.hpp"

namespace reactord {

EndpointState::Detour& EndpointState::detour() {
  Rare& rare = this->rare();
  if (!rare.detour) rare.detour = std::make_unique<Detour>();
  return *rare.detour;
}

void EndpointState::add_tap(WireTap& tap) {
  detour().taps.push_front(tap);
  choose_way();
}

void EndpointState::remove_tap(WireTap& tap) noexcept {
  assert(is_tapped());
  List<WireTap>::remove(tap);
  choose_way();
}

// A retired socket has lost its descriptor, and takes no way any more.
void EndpointState::choose_way() noexcept {
  assert(rare_ && rare_->detour);
  const bool sends_so = is_socket() && rare_->detour->taps.is_empty();
  if (rare_->detour->taps.is_empty() && rare_->detour->put_back.empty()) rare_->detour.reset();
  const bool receives_so = is_socket() && network() != Network::unix_socket && !rare_->detour;
  ready_ =
      (ready_ & ~(indirect | indirect_send)) | (receives_so ? 0 : indirect) | (sends_so ? 0 : indirect_send);
}

void EndpointState::tell_received(std::string_view bytes) const noexcept {
  if (!is_tapped()) return;
  const List<WireTap>& taps = rare_->detour->taps;
  for (WireTap* tap = taps.first(); tap != nullptr; tap = taps.next(*tap)) tap->on_received(bytes);
}

void EndpointState::tell_sent(std::string_view bytes) const noexcept {
  if (!is_tapped()) return;
  const List<WireTap>& taps = rare_->detour->taps;
  for (WireTap* tap = taps.first(); tap != nullptr; tap = taps.next(*tap)) tap->on_sent(bytes);
}

}  // namespace reactord
