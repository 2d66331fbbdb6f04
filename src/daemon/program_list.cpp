#include "daemon/program_list.hpp"

#include <utility>

namespace reactord {

bool ProgramList::add(ProgramSettings program) {
  const auto [place, is_new] = by_name_.try_emplace(program.name, all_.size());
  if (!is_new && place->second != mistaken) return false;
  place->second = all_.size();
  all_.push_back(std::move(program));
  return true;
}

void ProgramList::add_mistaken(std::string_view name) { by_name_.try_emplace(std::string(name), mistaken); }

std::size_t ProgramList::remove(std::string_view name) {
  const auto found = by_name_.find(std::string(name));
  if (found == by_name_.end() || found->second == mistaken) return all_.size();
  const std::size_t place = found->second;
  by_name_.erase(found);
  all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(place));
  for (std::size_t index = place; index < all_.size(); ++index) by_name_[all_[index].name] = index;
  return place;
}

const ProgramSettings* ProgramList::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() || found->second == mistaken ? nullptr : &all_[found->second];
}

bool ProgramList::is_named(std::string_view name) const { return by_name_.contains(std::string(name)); }

}  // namespace reactord
