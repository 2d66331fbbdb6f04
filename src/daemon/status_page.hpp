// StatusPage: the page that draws the metrics in a browser, live: one file, which asks for `metrics` beside it and for nothing
// else. It knows no peer and no line.
//
//     markup and style | status_script.hpp
#pragma once

#include <cstddef>
#include <string>

namespace reactord {

inline constexpr std::size_t largest_status_page = 40 * 1024;  // bytes: it is sent at each visit

std::string status_page();  // HTML, in UTF-8

}  // namespace reactord
