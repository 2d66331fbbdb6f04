#include "reactord/task.hpp"

#include "event/frame_pool.hpp"
#include "reactord/reactor.hpp"

namespace reactord::detail {

void* TaskPromiseBase::operator new(std::size_t size) { return FramePool::of_this_thread().take(size); }
void TaskPromiseBase::operator delete(void* frame, std::size_t size) noexcept {
  FramePool::of_this_thread().give_back(frame, size);
}

void TaskPromiseBase::task_ended(TaskPromiseBase& promise) noexcept {
  promise.reactor->run_queue_.push_ended(promise.node);
  promise.reactor->work_ended();
}

}  // namespace reactord::detail
