// WaitingPushes: the pushes of one connection that found no room in its output and may be dropped, oldest first.
//
//     keep() --> [newest] ... [oldest] --> move_into(output), once there is room
//                                 |
//                                 +------> dropped, for a newer one
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "reactord/buffer.hpp"

namespace reactord {

class WaitingPushes {
 public:
  bool is_empty() const noexcept { return pushes_.empty(); }
  // The storage that they hold.
  std::size_t bytes() const noexcept { return bytes_ + pushes_.size() * sizeof(std::string); }

  // Drops the oldest until all together have at most `most` bytes. False: `push` alone has more, and nothing changes.
  bool keep(std::string_view push, std::size_t most) {
    if (push.size() > most) return false;
    if (push.empty()) return true;  // it would never count
    pushes_.emplace_back(push);
    bytes_ += push.size();
    while (bytes_ > most) drop_oldest();
    return true;
  }

  // Moves the oldest into `output`, while it has at most `most` bytes with them. Drops those for which `most` has become
  // too small. True: any was moved.
  bool move_into(Buffer& output, BufferPool& pool, std::size_t most) {
    while (bytes_ > most) drop_oldest();
    const std::size_t before = output.size();
    while (!pushes_.empty() && output.size() + pushes_.front().size() <= most) {
      output.append(pool, pushes_.front());
      drop_oldest();
    }
    return output.size() > before;
  }

  void clear() noexcept {
    pushes_.clear();
    bytes_ = 0;
  }

 private:
  void drop_oldest() noexcept {
    bytes_ -= pushes_.front().size();
    pushes_.pop_front();
  }

  std::deque<std::string> pushes_;
  std::size_t bytes_ = 0;
};

}  // namespace reactord
