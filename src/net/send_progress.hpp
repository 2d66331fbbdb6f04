// SendProgress: since when a peer has taken nothing of what is sent to it. Pure: it knows no clock and no descriptor; the
// time and the count of unacknowledged bytes are arguments.
//
//     output begins to wait, or some of it was taken         the count has fallen since the last look
//                  | took(now)                                            | goes_on(count, now)
//                  v                                                      v
//     since -------+---- looks, seldom, each compares a count ------------+-------> next_look, has_stalled
//
// The kernel takes more only once a good part of its buffer is free. So a peer that reads slowly makes progress that no
// send shows, and that a falling count of unacknowledged bytes does show.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "reactord/time.hpp"

namespace reactord {

class SendProgress {
 public:
  // Notes that output begins to wait, or that some of it was taken. How much is unacknowledged then is not known yet.
  void took(Time now) noexcept {
    since_ = now;
    forget();
  }

  // Notes what the next look compares with: the kernel has taken all that it takes, and `unacknowledged` bytes are not yet
  // with the peer. Nothing is noted already.
  void note(std::size_t unacknowledged) noexcept {
    assert(!is_noted());
    unacknowledged_ = count_of(unacknowledged);
  }
  bool is_noted() const noexcept { return unacknowledged_ != unknown; }
  void forget() noexcept { unacknowledged_ = unknown; }

  // Looks whether the peer has acknowledged anything since the last look, or since some was taken, if that is later.
  // `left` is what is unacknowledged now.
  bool goes_on(std::size_t left, Time now) noexcept;

  // True when nothing was taken for as long as `timeout`.
  bool has_stalled(Time now, Duration timeout) const noexcept { return now - since_ >= timeout; }

  // The time of the next look: seldom, and seldom later than a little after the peer goes on. `tells_all`: all that the peer
  // takes shows without a look.
  Time next_look(Time now, Duration timeout, bool tells_all) const noexcept;

 private:
  static constexpr std::uint32_t unknown = 0xffff'ffff;
  static constexpr std::uint32_t count_of(std::size_t bytes) noexcept {
    return static_cast<std::uint32_t>(bytes);
  }

  Time since_;
  std::uint32_t unacknowledged_ = unknown;  // at the last look or note, modulo 2^32
};

}  // namespace reactord
