#include "daemon/listen_list.hpp"

#include <cassert>
#include <utility>

namespace reactord {

ListenList::ListenList(std::vector<ListenOption> all) {
  for (ListenOption& option : all) {
    [[maybe_unused]] const ListenOption* const duplicate = add(std::move(option));
    assert(duplicate == nullptr);
  }
}

const ListenOption* ListenList::add(ListenOption option) {
  PlaceName place = place_name(option);
  for (const std::string& kept : kept_places(place)) {
    if (const auto found = by_place_.find(kept); found != by_place_.end()) return &all_[found->second];
  }
  if (!place.is_chosen) by_place_.emplace(std::move(place.text), all_.size());
  all_.push_back(std::move(option));
  return nullptr;
}

void ListenList::clear() noexcept {
  all_.clear();
  by_place_.clear();
}

}  // namespace reactord
