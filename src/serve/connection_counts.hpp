// ConnectionCounts: the connections of a server by number: each that was accepted is open, or has ended by one cause.
//
//     accepted() == open() + ended(eof) + ended(idle) + ...
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "reactord/end_cause.hpp"

namespace reactord {

class ConnectionCounts {
 public:
  void one_accepted() noexcept {
    ++accepted_;
    ++open_;
  }
  void one_ended(EndCause cause) noexcept {  // one must be open
    assert(open_ > 0);
    ++ended_[static_cast<std::size_t>(cause)];
    --open_;
  }

  std::uint64_t accepted() const noexcept { return accepted_; }
  std::size_t open() const noexcept { return open_; }
  std::uint64_t ended(EndCause cause) const noexcept { return ended_[static_cast<std::size_t>(cause)]; }

  bool check() const noexcept {  // for tests
    std::uint64_t ended = 0;
    for (const std::uint64_t of_cause : ended_) ended += of_cause;
    return accepted_ == open_ + ended;
  }

 private:
  std::size_t open_ = 0;
  std::uint64_t accepted_ = 0;
  std::array<std::uint64_t, end_causes> ended_{};
};

}  // namespace reactord
