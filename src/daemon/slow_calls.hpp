// SlowCalls: the last calls of handlers that have held up the loop for longer than stall-threshold, each with its connection.
//
//     calls_   [s] [t] [u] [p] [q] [r]      a ring of `most`
//                       ^-- next_           the newest one is in front of it
//
// The log may leave out stalls of which there are many (log-rate); what is here is the latest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "reactord/server.hpp"
#include "reactord/time.hpp"

namespace reactord {

class SlowCalls {
 public:
  static constexpr std::size_t most = 128;

  struct Call {
    Time ended;
    Duration took;
    std::uint64_t connection;  // its number; 0: work of no connection
    std::string protocol;      // empty: as above
    std::string peer;          // as in the log
  };

  // Keeps it in the place of the oldest one. Where there is no memory for it, it is not kept.
  void add(const HandlerStall& stall, Time now) noexcept;

  std::size_t size() const noexcept { return size_; }
  // The newest is number 0. `age` must be below size().
  const Call& newest(std::size_t age) const noexcept;

 private:
  std::array<Call, most> calls_{};
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace reactord
