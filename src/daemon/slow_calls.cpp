#include "daemon/slow_calls.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "daemon/shown_address.hpp"

namespace reactord {

void SlowCalls::add(const HandlerStall& stall, Time now) noexcept {
  try {
    Call call{.ended = now,
              .took = stall.duration,
              .connection = stall.connection,
              .protocol = std::string(stall.protocol),
              .peer = stall.remote == nullptr ? std::string() : shown_address(*stall.remote)};
    calls_[next_] = std::move(call);
  } catch (const std::bad_alloc&) {
    return;
  }
  next_ = (next_ + 1) % most;
  size_ = std::min(size_ + 1, most);
}

const SlowCalls::Call& SlowCalls::newest(std::size_t age) const noexcept {
  assert(age < size_);
  return calls_[(next_ + most - 1 - age) % most];
}

}  // namespace reactord
