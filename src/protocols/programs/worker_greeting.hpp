// WorkerGreeting: a worker that has started hears of the connections of its slot, and then takes their lines.
//
//     clients_   [7] [8] [9] [12] [13]    all of the slot; one that begins comes last
//                told |   ^-- next_       told_per_turn of them in a turn of the loop: others have their turns between
//                     +--> "9+ 192.0.2.1:51234"
//
// The list is kept all the time, because a walk over thousands of clients takes milliseconds.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "protocols/programs/worker_client.hpp"
#include "protocols/programs/worker_process.hpp"
#include "reactord/list.hpp"

namespace reactord {

class WorkerGreeting {
 public:
  static constexpr std::size_t told_per_turn = 64;

  bool is_under_way() const noexcept { return worker_ != nullptr; }
  WorkerProcess* worker() const noexcept { return worker_.get(); }  // null: none is under way

  // Only while none is under way. It is told of nobody yet.
  void begin(std::unique_ptr<WorkerProcess> worker) noexcept {
    assert(!worker_);
    worker_ = std::move(worker);
    next_ = clients_.first();
    ++number_;
  }
  void tell_nobody() noexcept { next_ = nullptr; }
  // Tells it of the next ones, if one is under way; it may fail by that, and be taken. True: it knows all.
  bool tell_some() noexcept {
    for (std::size_t told = 0; worker_ && next_ != nullptr && told < told_per_turn; ++told) {
      WorkerClient& client = next_->client;
      client.greeting = number_;
      next_ = OrderedList<WorkerClientPlace>::next(*next_);
      worker_->notify(client.name(), "+ ", client.remote().text());
    }
    return worker_ && next_ == nullptr;
  }
  // Ends the greeting, also one that has not told all.
  std::unique_ptr<WorkerProcess> take() noexcept {
    next_ = nullptr;
    return std::move(worker_);
  }

  // The client must be of no slot.
  void add(WorkerClient& client) noexcept {
    client.greeting = 0;
    clients_.push_back(client.in_slot);
    if (worker_ && next_ == nullptr) next_ = &client.in_slot;
  }
  void remove(WorkerClient& client) noexcept {  // which add() has added here
    if (next_ == &client.in_slot) next_ = OrderedList<WorkerClientPlace>::next(client.in_slot);
    clients_.remove(client.in_slot);
  }
  bool has_told(const WorkerClient& client) const noexcept { return worker_ && client.greeting == number_; }

 private:
  std::unique_ptr<WorkerProcess> worker_;
  OrderedList<WorkerClientPlace> clients_;
  WorkerClientPlace* next_ = nullptr;
  std::uint64_t number_ = 0;  // of the present greeting, or of the last one
};

}  // namespace reactord
