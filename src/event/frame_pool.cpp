#include "event/frame_pool.hpp"

namespace reactord {

#if defined(__SANITIZE_ADDRESS__)
const bool FramePool::keeps_frames = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
const bool FramePool::keeps_frames = false;
#else
const bool FramePool::keeps_frames = true;
#endif
#else
const bool FramePool::keeps_frames = true;
#endif

constinit thread_local FramePool FramePool::this_thread_;

// The destructor of a thread's pool: it runs at the end of a thread that has used this object.
class FramePoolEnd {
 public:
  void expect() noexcept { is_expected_ = true; }
  ~FramePoolEnd() { FramePool::of_this_thread().end(); }

 private:
  bool is_expected_ = false;
};

namespace {

thread_local FramePoolEnd pool_end;

}  // namespace

void FramePool::keep_if_first(void* frame, std::size_t index) noexcept {
  if (state_ != State::unused || !keeps_frames) return ::operator delete(frame);
  pool_end.expect();
  state_ = State::used;
  for (std::size_t each = 0; each < free_.size(); ++each) free_[each].room = most_of(each);
  keep(frame, index);
}

std::size_t FramePool::idle_bytes() const noexcept {
  std::size_t bytes = 0;
  if (state_ != State::used) return bytes;
  for (std::size_t index = 0; index < free_.size(); ++index)
    bytes += (most_of(index) - free_[index].room) * (index + 1) * class_size;
  return bytes;
}

// Static objects, and other objects of the thread, may let go of frames later.
void FramePool::end() noexcept {
  state_ = State::ended;
  for (Class& kept : free_) {
    while (Free* const frame = kept.first) {
      kept.first = frame->next;
      ::operator delete(frame);
    }
    kept.room = 0;
  }
}

}  // namespace reactord
