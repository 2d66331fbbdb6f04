// StatusPage: the page that draws the metrics in a browser, live: one file, which asks for `metrics` beside it and for nothing
// else.
//
//     every second   GET metrics --> parse --> a sample of at most 300 --> tiles, curves, tables
//
// Rates and quantiles are those between two samples, so the page needs nobody who collects. It knows no peer and no line.
#pragma once

#include <cstddef>
#include <string_view>

namespace reactord {

inline constexpr std::size_t largest_status_page = 40 * 1024;  // bytes: it is sent at each visit

std::string_view status_page() noexcept;  // HTML, in UTF-8

}  // namespace reactord
