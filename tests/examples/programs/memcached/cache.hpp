// Items in memory that is bounded: the one that was not used for the longest time goes when there is no room.
//
//     items_   hash by key --> [Item] [Item] [Item]
//     used_    oldest use  --> [Item] --> [Item] --> newest use
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "reactord/list.hpp"
#include "reactord/time.hpp"

namespace memcached {

using reactord::Time;

constexpr std::size_t largest_item = 1024 * 1024;       // with its key and what it costs
constexpr std::size_t cost_of_item = 48;                // counted for each, besides its key and its bytes
constexpr std::size_t memory_limit = 64 * 1024 * 1024;  // of all items

struct Item {
  const std::string* key = nullptr;
  std::string value;
  std::uint32_t flags = 0;
  std::uint64_t unique = 0;  // differs between any two states of the cache's items
  Time stored, expires = Time::never();
  reactord::ListNode<Item> node_;

  std::size_t cost() const { return key->size() + value.size() + cost_of_item; }
};

class Cache {
 public:
  // Null where there is none, or its time is over.
  Item* find(std::string_view key, Time now) {
    const auto found = items_.find(key);
    if (found == items_.end()) return nullptr;
    Item& item = found->second;
    const bool is_flushed = flush_at <= now && item.stored < flush_at;
    if (item.expires <= now || is_flushed) {
      remove(item);
      return nullptr;
    }
    used_.remove(item);
    used_.push_back(item);
    return &item;
  }

  // `key` must not be there.
  Item& add(std::string_view key) {
    const auto made = items_.try_emplace(std::string(key)).first;
    Item& item = made->second;
    item.key = &made->first;
    bytes_ += item.cost();
    used_.push_back(item);
    return item;
  }

  // The only way to change a value: `edit` is given it. Others go where there is no room for it.
  template <typename Edit>
  void change(Item& item, Time now, Edit edit) {
    const std::size_t before = item.cost();
    edit(item.value);
    if (item.value.capacity() > 2 * item.value.size() + cost_of_item) item.value.shrink_to_fit();
    bytes_ += item.cost() - before;
    item.stored = now;
    item.unique = ++last_unique_;
    for (; bytes_ > memory_limit && used_.first() != &item; ++evictions) remove(*used_.first());
  }

  // False: there is none.
  bool drop(std::string_view key, Time now) {
    Item* const item = find(key, now);
    if (item != nullptr) remove(*item);
    return item != nullptr;
  }

  void clear() {
    while (Item* const item = used_.first()) remove(*item);
  }

  std::size_t size() const { return items_.size(); }
  std::size_t bytes() const { return bytes_; }

  Time flush_at = Time::never();  // items that were stored before are gone from then on
  std::uint64_t gets = 0, sets = 0, hits = 0, evictions = 0;

 private:
  void remove(Item& item) {
    bytes_ -= item.cost();
    used_.remove(item);
    items_.erase(*item.key);
  }

  // Not noexcept: libstdc++ therefore keeps the hash beside each key, and touches only keys whose hash is the same.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  std::unordered_map<std::string, Item, Hash, std::equal_to<>> items_;
  reactord::OrderedList<Item> used_;
  std::size_t bytes_ = 0;
  std::uint64_t last_unique_ = 0;
};

}  // namespace memcached
