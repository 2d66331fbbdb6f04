#include "control/output.hpp"

#include <cerrno>

#include "base/system.hpp"
#include "base/system_process.hpp"

namespace reactord::control {

void Output::write(std::string_view bytes) {
  if (state_ != State::open) return;
  collected_ += bytes;
  if (collected_.size() >= bytes_at_once) flush();
}

void Output::flush() {
  std::string_view rest = collected_;
  while (!rest.empty() && state_ == State::open) {
    const ssize_t count = system::write(fd_, rest.data(), rest.size());
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == -EAGAIN && !system::is_blocking(fd_)) {
      system::make_blocking(fd_);  // another process that has the same terminal open had made it so
    } else {
      fail(static_cast<int>(-count));
    }
  }
  collected_.clear();
}

void Output::fail(int failure) noexcept {
  if (failure == EPIPE) {
    state_ = State::reader_gone;
    return;
  }
  state_ = State::failed;
  failure_ = failure;
}

}  // namespace reactord::control
