#include "protocols/programs/worker_waits.hpp"

#include <algorithm>

namespace reactord {

void WorkerWaits::wake_for_room() noexcept {
  while (WorkerClientPlace* const place = for_room_.first()) {
    for_room_.remove(*place);
    place->client.wake();
  }
}

std::optional<Time> WorkerWaits::first_since() const noexcept {
  const WorkerClientPlace* const owed = owed_.first();
  const WorkerClientPlace* const room = for_room_.first();
  if (owed == nullptr && room == nullptr) return std::nullopt;
  return std::min(owed == nullptr ? Time::never() : owed->since,
                  room == nullptr ? Time::never() : room->since);
}

const WorkerClientPlace* WorkerWaits::late(Time since) const noexcept {
  for (const WorkerClientPlace* const place : {owed_.first(), for_room_.first()}) {
    if (place != nullptr && place->since <= since) return place;
  }
  return nullptr;
}

}  // namespace reactord
