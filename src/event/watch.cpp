#include "reactord/watch.hpp"

#include <utility>

#include "base/system.hpp"

namespace reactord {

Watch::~Watch() {
  if (fd_ >= 0) system::close(fd_);
}

void Watch::release() noexcept {
  released_ = true;
  if (reaped_ || !added_) {
    delete this;
  } else if (!is_retired()) {
    on_release();
  }
}

}  // namespace reactord
