// ProgramList: the programs that the settings name, in the order they were written. A key finds a name, so thousands of them
// are not compared one by one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocols/programs/program_settings.hpp"

namespace reactord {

class ProgramList {
 public:
  // False: there is one of that name, which stays.
  bool add(ProgramSettings program);
  // Records the name of one whose line has a mistake: what listens by that name is no second one.
  void add_mistaken(std::string_view name);
  // Its former place in the list; the list's size if there is none.
  std::size_t remove(std::string_view name);

  const ProgramSettings* find(std::string_view name) const;  // null when there is none
  bool is_named(std::string_view name) const;                // also by a line with a mistake

  const std::vector<ProgramSettings>& all() const noexcept { return all_; }
  bool empty() const noexcept { return all_.empty(); }
  std::size_t size() const noexcept { return all_.size(); }
  const ProgramSettings& operator[](std::size_t index) const noexcept { return all_[index]; }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }

 private:
  static constexpr std::size_t mistaken = static_cast<std::size_t>(-1);

  std::vector<ProgramSettings> all_;
  std::unordered_map<std::string, std::size_t> by_name_;  // its place in all_, or `mistaken`
};

}  // namespace reactord
