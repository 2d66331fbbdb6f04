// ServiceList: the services of a server, in the order they were made. One whose listener has ended is of no use once
// its last connection is gone; many such are forgotten at once, because that takes a walk over all connections.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/service.hpp"

namespace reactord {

class ServiceList {
 public:
  Service& add(std::unique_ptr<Service> service) {
    services_.push_back(std::move(service));
    return *services_.back();
  }
  void remove_last() noexcept { services_.pop_back(); }

  // The service without a listener that serves `handler` under that name; null when there is none.
  Service* find_single(const AnyHandler& handler, std::string_view protocol) const noexcept;

  std::size_t open() const noexcept;                          // connections of all services
  bool has_marked(const AnyHandler& handler) const noexcept;  // as used

  // Forgets those that are of no use, if there are twice as many services as were left the last time. `mark_used()`
  // marks those that connections belong to.
  template <typename MarkUsed>
  void forget_unused(MarkUsed mark_used) {
    if (services_.size() < most_) return;
    for (const auto& service : services_) service->mark_unless_ended();
    mark_used();
    remove_unused();
  }

  auto begin() const noexcept { return services_.begin(); }
  auto end() const noexcept { return services_.end(); }

 private:
  static constexpr std::size_t least = 16;

  void remove_unused() noexcept;

  std::vector<std::unique_ptr<Service>> services_;
  std::size_t most_ = least;  // the number at which unused ones are looked for
};

}  // namespace reactord
