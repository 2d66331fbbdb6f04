#include "event/wakeup.hpp"

#include <cstdint>
#include <utility>

#include "base/system.hpp"

namespace reactord {

Wakeup::Wakeup(Reactor& reactor) : Watch(reactor, system::event_descriptor()), error_(fd() < 0 ? -fd() : 0) {}

void Wakeup::post(std::move_only_function<void()> work) {
  const std::scoped_lock lock(mutex_);
  work_.push_back(std::move(work));
  const std::uint64_t one = 1;
  if (work_.size() == 1) system::write(fd(), &one, sizeof one);
}

bool Wakeup::has_work() noexcept {
  const std::scoped_lock lock(mutex_);
  return !work_.empty();
}

void Wakeup::run_posted() noexcept {
  std::vector<std::move_only_function<void()>> work;
  {
    const std::scoped_lock lock(mutex_);
    work.swap(work_);
  }
  for (auto& item : work) item();
}

}  // namespace reactord
