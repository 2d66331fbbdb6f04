// Top table: the rows of connections, in as many columns as have room. The columns that matter most come first into the
// room; what is left of it the peer has.
//
//        id peer                  state    silent lines/s buffered   unsent
//     >   7 192.0.2.1:51234       sending    12ms    1.2k       0B   4.1KiB
#pragma once

#include <cstddef>

#include "control/screen_line.hpp"
#include "control/top_view.hpp"

namespace reactord::control {

// The heading, and up to room.rows - 1 rows.
ScreenLines top_table(const TopView& view, ScreenSize room);

}  // namespace reactord::control
