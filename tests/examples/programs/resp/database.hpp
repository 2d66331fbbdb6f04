// Keys and their values of five kinds.
//
//     keys_  hash by key --> Text | ListOfTexts | SetOfTexts | Map<std::string> | Sorted
#pragma once

#include <malloc.h>

#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

namespace resp {

constexpr std::size_t memory_limit = 256 * 1024 * 1024;   // of the process; above it nothing is added
constexpr std::size_t bytes_between_looks = 1024 * 1024;  // added before the allocator is asked again

// Not noexcept: libstdc++ therefore keeps the hash beside each key, and touches only keys whose hash is the same.
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
};
template <typename Value>
using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

using Text = std::string;
using ListOfTexts = std::deque<std::string>;
using SetOfTexts = std::unordered_set<std::string, Hash, std::equal_to<>>;
struct Sorted {
  Map<double> scores;
  std::set<std::pair<double, std::string>> order;
};
using Value = std::variant<Text, ListOfTexts, SetOfTexts, Map<std::string>, Sorted>;

class Database {
 public:
  struct WrongType {};

  // Null: there is no such key. A value is valid until its key is put or removed.
  template <typename Kind>
  std::expected<Kind*, WrongType> find(std::string_view key) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return nullptr;
    Kind* const value = std::get_if<Kind>(&found->second);
    if (value == nullptr) return std::unexpected(WrongType());
    return value;
  }
  // Null: there is a value of another kind.
  template <typename Kind>
  Kind* make(std::string_view key) {
    const auto found = find<Kind>(key);
    if (!found) return nullptr;
    if (*found != nullptr) return *found;
    return &std::get<Kind>(keys_.try_emplace(std::string(key), std::in_place_type<Kind>).first->second);
  }
  void put(std::string_view key, std::string_view bytes) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) {
      keys_.try_emplace(std::string(key), std::in_place_type<Text>, bytes);
    } else if (Text* const text = std::get_if<Text>(&found->second)) {
      text->assign(bytes);
    } else {
      found->second.emplace<Text>(bytes);
    }
  }
  bool remove(std::string_view key) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return false;
    keys_.erase(found);
    return true;
  }

  bool contains(std::string_view key) const { return keys_.contains(key); }
  std::size_t size() const { return keys_.size(); }
  void clear() { keys_.clear(); }

  // `bytes` are to be added. False: there is no room, by what the allocator said when it was last asked.
  bool has_room_for(std::size_t bytes) {
    added_ += bytes;
    if (is_full_ || added_ > bytes_between_looks) {
      const auto used = ::mallinfo2();
      is_full_ = used.uordblks + used.hblkhd > memory_limit;
      added_ = 0;
    }
    return !is_full_;
  }

 private:
  Map<Value> keys_;
  std::size_t added_ = 0;
  bool is_full_ = false;
};

}  // namespace resp
