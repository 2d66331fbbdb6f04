// StatusScript: what the page in the browser (status_page.hpp) does: it asks for the metrics, compares them with the sample
// before, and draws.
//
//     every second   GET metrics --> parse --> a sample of at most 300 --> tiles, curves, tables
//
// Rates and quantiles are those between two samples, so the page needs nobody who collects.
#pragma once

#include <string_view>

namespace reactord {

std::string_view status_script() noexcept;  // JavaScript, in UTF-8

}  // namespace reactord
