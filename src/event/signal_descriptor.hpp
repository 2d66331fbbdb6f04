// signal_descriptor: signals as a descriptor to watch, signalfd(2). For makers of a Watch of signals.
#pragma once

#include <initializer_list>

namespace reactord {

// Blocks `numbers` for the calling thread and the threads it starts later, and opens a descriptor that receives them
// from now on. The caller closes it. Result: the descriptor, or -errno.
int open_signal_descriptor(std::initializer_list<int> numbers) noexcept;

// Takes the next signal that has come. Result: its number; 0 when none has.
int take_signal(int fd) noexcept;

}  // namespace reactord
