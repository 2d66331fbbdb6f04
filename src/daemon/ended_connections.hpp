// EndedConnections: the last connections that have ended, each as its line of the log has it.
//
//     ends_   [s] [t] [u] [p] [q] [r]      a ring, which grows up to `most`
//                      ^-- next_           the newest one is in front of it
//
// The log may leave out ends of which there are many (log-rate, access-log); what is here is the latest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reactord/server.hpp"
#include "reactord/time.hpp"

namespace reactord {

class EndedConnections {
 public:
  static constexpr std::size_t most = 512;

  struct End {
    Time when;
    std::uint64_t number;  // as ConnectionEnd::number
    std::string protocol;
    Address remote;
    EndCause cause;
    int error;          // an errno, or 0
    std::string limit;  // the setting that it was over; else empty
    std::uint64_t lines, bytes_read, bytes_written;
    Duration duration;
    bool is_failure;  // see access_log.hpp
  };

  // Keeps it in the place of the oldest one. Where there is no memory for it, it is not kept.
  void add(const ConnectionEnd& end, Time now) noexcept;

  std::size_t size() const noexcept { return ends_.size(); }
  // The newest is number 0. `age` must be below size().
  const End& newest(std::size_t age) const noexcept;

 private:
  std::vector<End> ends_;
  std::size_t next_ = 0;  // 0 until there are `most`
};

}  // namespace reactord
