// cycles: the CPU's cycle counter. Reading it costs an instruction or two, reading the clock costs a call. It runs at a
// constant rate that the program is not told; StallMeter measures it.
#pragma once

#include <cstdint>

#include "reactord/time.hpp"

namespace reactord {

inline std::uint64_t cycles() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  std::uint64_t count;
  asm volatile("mrs %0, cntvct_el0" : "=r"(count));
  return count;
#else
  return static_cast<std::uint64_t>(monotonic_now().nanoseconds());
#endif
}

}  // namespace reactord
