// Figure text: numbers as a screen shows them, with three digits that count, so that a column keeps its width.
//
//     count    0  17  99999  123k  1.23M        exact up to 99999
//     rate     0  0.25  17.3  123  12.3k        per second
//     bytes    512B  1.23KiB  52.1MiB           of 1024
//     time     850ns  12.3us  340ms  2.5s
//     age      340ms  12s  5m09s  2h05m  3d04h
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reactord/time.hpp"

namespace reactord::control {

std::string count_text(std::uint64_t count);
std::string rate_text(double per_second);  // not below 0
std::string bytes_text(double bytes);      // not below 0
std::string time_text(double seconds);     // not below 0
std::string age_text(Duration age);        // below 0: 0ms

// The text with ? in the place of each character that is no printable ASCII one: its width is its size, and it moves no
// cursor, whatever it holds.
std::string plain_text(std::string_view text);

}  // namespace reactord::control
