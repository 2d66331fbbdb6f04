#include "base/launch_reserve.hpp"

#include <cstddef>

#include "base/system_pipes.hpp"

namespace reactord {

LaunchReserve::LaunchReserve() noexcept {
  for (FileDescriptor& place : low_) place.reset(system::open_null());
  idle_.reset(system::open_null());
}

LaunchReserve::Placed::Placed(LaunchReserve& reserve, const std::array<int, 3>& files) noexcept
    : reserve_(reserve), numbers_(files) {
  if (!reserve.idle_.is_open()) return;
  for (std::size_t index = 0; index < numbers_.size(); ++index) {
    const int place = reserve.low_[index].get();
    if (system::duplicate_to(files[index], place) >= 0) numbers_[index] = place;
  }
}

// A pipe would not end while its place here has it open.
LaunchReserve::Placed::~Placed() {
  if (!reserve_.idle_.is_open()) return;
  for (const FileDescriptor& place : reserve_.low_) system::duplicate_to(reserve_.idle_.get(), place.get());
}

}  // namespace reactord
