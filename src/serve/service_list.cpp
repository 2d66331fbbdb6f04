#include "serve/service_list.hpp"

#include <algorithm>
#include <numeric>

namespace reactord {

Service* ServiceList::find_single(const AnyHandler& handler, std::string_view protocol) const noexcept {
  const auto found = std::ranges::find_if(
      services_, [&](const auto& service) { return service->is_single(handler, protocol); });
  return found == services_.end() ? nullptr : found->get();
}

void ServiceList::remove_unused() noexcept {
  std::erase_if(services_, [](const auto& service) { return !service->is_used(); });
  most_ = std::max(least, 2 * services_.size());
}

std::size_t ServiceList::open() const noexcept {
  return std::accumulate(services_.begin(), services_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& service) { return sum + service->counts().open; });
}

bool ServiceList::has_marked(const AnyHandler& handler) const noexcept {
  return std::ranges::any_of(
      services_, [&](const auto& service) { return service->is_used() && service->handler() == handler; });
}

}  // namespace reactord
