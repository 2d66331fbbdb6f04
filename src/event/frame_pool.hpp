// FramePool: the storage of a thread's ended coroutine frames, for the next ones of the same size.
//
//     size, up to     64     128    192           1024     above
//     free_          [ ]    [*]    [ ]    ...    [*]      the allocator's
//                            |                    |
//                          frame                frame -> frame -> null     idle_limit bytes of each at most
//
// A frame may end on another thread than it began on: that thread keeps it. A thread frees its kept ones at its end. Under
// AddressSanitizer nothing is kept, so that a use after the end is still found.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>

namespace reactord {

class FramePool {
 public:
  static constexpr std::size_t class_size = 64;
  static constexpr std::size_t largest = 1024;
  static constexpr std::size_t idle_limit = std::size_t{256} * 1024;  // bytes of each class
  static const bool keeps_frames;                                     // false under AddressSanitizer

  static FramePool& of_this_thread() noexcept { return this_thread_; }

  // The size of a frame must not be zero. Throws std::bad_alloc.
  void* take(std::size_t size) {
    assert(size > 0);
    const std::size_t index = class_of(size);
    if (index >= free_.size() || free_[index].first == nullptr) [[unlikely]]
      return ::operator new((index + 1) * class_size);
    Class& kept = free_[index];
    Free* const frame = kept.first;
    kept.first = frame->next;
    ++kept.room;
    return frame;
  }

  // `size` is the one that it was taken with, from the pool of whatever thread.
  void give_back(void* frame, std::size_t size) noexcept {
    const std::size_t index = class_of(size);
    if (index >= free_.size()) [[unlikely]]
      return ::operator delete(frame);
    if (free_[index].room == 0) [[unlikely]]
      return keep_if_first(frame, index);
    keep(frame, index);
  }

  std::size_t idle_bytes() const noexcept;

 private:
  friend class FramePoolEnd;

  enum class State : std::uint8_t {
    unused,  // there is no room: nothing was ever kept, and the thread's end need not free it
    used,    // a class has room for what is missing to idle_limit
    ended    // there is no room any more: the thread ends
  };
  struct Free {
    Free* next;
  };
  struct Class {
    Free* first = nullptr;
    std::size_t room = 0;  // the number of frames that may still be kept
  };

  static constexpr std::size_t class_of(std::size_t size) noexcept { return (size - 1) / class_size; }
  static constexpr std::size_t most_of(std::size_t index) noexcept {
    return idle_limit / ((index + 1) * class_size);
  }
  void keep(void* frame, std::size_t index) noexcept {
    Class& kept = free_[index];
    kept.first = new (frame) Free{kept.first};
    --kept.room;
  }
  // Without room: there is some from the first frame on that this thread gives back, and none once a class is full.
  void keep_if_first(void* frame, std::size_t index) noexcept;
  void end() noexcept;

  // Without a destructor of its own, so that to reach it costs no check whether it has begun.
  static constinit thread_local FramePool this_thread_;

  std::array<Class, largest / class_size> free_{};
  State state_ = State::unused;
};

}  // namespace reactord
