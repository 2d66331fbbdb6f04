// ListenList: the places to listen, without duplicates, in the order they were written. A key finds duplicates, so
// thousands of them are not compared one by one.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/listen_option.hpp"

namespace reactord {

class ListenList {
 public:
  ListenList() = default;
  ListenList(std::vector<ListenOption> all);  // must hold no duplicates

  // Returns null when it was added. Else the one that has its place already.
  const ListenOption* add(ListenOption option);
  void clear() noexcept;

  const std::vector<ListenOption>& all() const noexcept { return all_; }
  operator const std::vector<ListenOption>&() const noexcept { return all_; }
  bool empty() const noexcept { return all_.empty(); }
  std::size_t size() const noexcept { return all_.size(); }
  const ListenOption& operator[](std::size_t index) const noexcept { return all_[index]; }
  const ListenOption& at(std::size_t index) const { return all_.at(index); }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }

 private:
  std::vector<ListenOption> all_;
  // Keyed by place_name(). Places chosen by the kernel are not in it.
  std::unordered_map<std::string, std::size_t> by_place_;
};

}  // namespace reactord
