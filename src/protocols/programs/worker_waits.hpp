// WorkerWaits: the connections of a slot that wait, for an answer or for room.
//
//     owed_      [7 since 12:00:01] [9 since 12:00:02] ...   the oldest open line of each
//     for_room_  [8 since 12:00:01] ...                      a line of each can't be given to the worker yet
//
// The timeout is the same for all of them. So each list has the one first that has waited longest: adding, leaving and looking
// for those that are late take constant time.
#pragma once

#include <optional>

#include "protocols/programs/worker_client.hpp"
#include "reactord/list.hpp"
#include "reactord/time.hpp"

namespace reactord {

class WorkerWaits {
 public:
  // The client has an oldest open line from now on, which had none or another one before.
  void owe(WorkerClient& client, Time now) noexcept {
    if (client.owed.node_.is_linked()) {
      if (client.owed.since == now) return;  // those behind it are no older
      owed_.remove(client.owed);
    }
    client.owed.since = now;
    owed_.push_back(client.owed);
  }
  // True when no other one is owed an answer that has waited longer.
  bool owes_first(const WorkerClient& client) const noexcept { return owed_.first() == &client.owed; }
  void owes_nothing(WorkerClient& client) noexcept {  // no effect when repeated
    if (client.owed.node_.is_linked()) owed_.remove(client.owed);
  }

  void wait_for_room(WorkerClient& client, Time now) noexcept {
    client.for_room.since = now;
    for_room_.push_back(client.for_room);
  }
  bool is_anybody_for_room() const noexcept { return !for_room_.is_empty(); }
  void wake_for_room() noexcept;  // all of them
  void forget(WorkerClient& client) noexcept {
    owes_nothing(client);
    if (client.for_room.node_.is_linked()) for_room_.remove(client.for_room);
  }

  // Since when the one has waited that has waited longest; empty: nobody waits.
  std::optional<Time> first_since() const noexcept;
  // One that has waited since `since` or longer; null: none has.
  const WorkerClientPlace* late(Time since) const noexcept;

  // Calls tell(client) for each with open lines. It may have the client leave, or owe again.
  template <typename Tell>
  void for_each_owed(Tell tell) {
    for (WorkerClientPlace *place = owed_.first(), *next = nullptr; place != nullptr; place = next) {
      next = OrderedList<WorkerClientPlace>::next(*place);
      tell(place->client);
    }
  }

 private:
  OrderedList<WorkerClientPlace> owed_, for_room_;
};

}  // namespace reactord
