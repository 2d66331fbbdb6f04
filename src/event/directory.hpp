// Directory: objects of one Reactor by a number that is never given again. A number may be kept longer than its object,
// and on other threads: to whom the object has ended it leads nowhere.
//
//     number ---> object       find()
//     object ---> number       number_of(), forget()
//
// Only the Reactor's thread may call it. Objects that nobody has asked a number for cost nothing.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace reactord {

class Directory {
 public:
  using Number = std::uint64_t;  // 0: of no object

  // The object's number, the same at each call until forget(). Throws std::bad_alloc.
  Number number_of(void* object) {
    const auto found = numbers_.find(object);
    if (found != numbers_.end()) return found->second;
    const Number number = ++last_;
    objects_.emplace(number, object);
    try {
      numbers_.emplace(object, number);
    } catch (...) {
      objects_.erase(number);
      throw;
    }
    return number;
  }

  void* find(Number number) const noexcept {  // null when it has ended
    const auto found = objects_.find(number);
    return found == objects_.end() ? nullptr : found->second;
  }

  // Called when the object ends. No effect on one without a number.
  void forget(const void* object) noexcept {
    if (numbers_.empty()) return;
    const auto found = numbers_.find(object);
    if (found == numbers_.end()) return;
    objects_.erase(found->second);
    numbers_.erase(found);
  }

 private:
  std::unordered_map<Number, void*> objects_;
  std::unordered_map<const void*, Number> numbers_;
  Number last_ = 0;
};

}  // namespace reactord
