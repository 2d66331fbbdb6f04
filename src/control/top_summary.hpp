// Top summary: the figures of a daemon as a whole, above the table of its connections.
//
//     reactord 0.1.0  up 2h05m  pid 3326  log info  every 1s
//     connections  open 1234 of 20000  waiting 0  accepted 91.2/s  ended 88/s
//     ended        eof 80/s  reset 6/s  idle 2/s
//     traffic      lines 12.3k/s  in 1.2MiB/s  out 3.4MiB/s
//     times        turn p50 12us p99 340us  handler p50 3us p99 120us  stalls 0
//     resources    descriptors 1260 of 20000  memory 52MiB  buffers 1.2MiB of 256MiB
//     upper        worker serving  workers 2  running 2  open lines 3  restarts 3
//
// A figure that the daemon does not tell is -.
#pragma once

#include <cstddef>

#include "control/screen_line.hpp"
#include "control/top_view.hpp"

namespace reactord::control {

// At most `rows` lines. Where they have no room, each group has one line, and the last groups none. The view has a
// sample.
ScreenLines top_summary(const TopView& view, ScreenSize room);

}  // namespace reactord::control
