// Faults: what a kernel may do and seldom does. While one is alive, reads and writes of the descriptors that a Reactor
// watches are cut short, or answered with EINTR or EAGAIN, at random from a seed.
//
//     library ---- recv, recvmsg, send, sendmsg ----> faults.cpp ---- syscall(2) ----> kernel
//
// The library is told of readiness once (edge-triggered) and takes a short count for a drained socket. So whoever cuts
// also announces the descriptor anew, as the kernel does where it has a reason of its own to answer short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace test {

class Faults {
 public:
  explicit Faults(std::uint32_t seed = 1);
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;
  ~Faults();

  struct Counts {
    std::size_t passed = 0, cut = 0, interrupted = 0, refused = 0;
  };
  const Counts& reads() const noexcept { return reads_; }
  const Counts& writes() const noexcept { return writes_; }

  enum class Kind : std::uint8_t { none, cut, interrupt, refuse };
  Kind choose(bool read) noexcept;
  std::size_t shorten(std::size_t count) noexcept;  // to at least 1
  void count(bool read, Kind kind) noexcept;

 private:
  std::minstd_rand random_;
  Counts reads_, writes_;
};

// How often one of these calls was made for no descriptor at all, since the program began.
std::size_t transfers_without_descriptor() noexcept;

}  // namespace test
