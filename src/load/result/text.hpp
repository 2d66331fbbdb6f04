// Text: bytes for people: as they would be written in a template, so that what can't be seen can be told apart.
#pragma once

#include <string>
#include <string_view>

namespace reactord::load {

std::string shown(std::string_view bytes);  // in quotes; a long one is cut short

// A text of ours that may hold what came from elsewhere, on one line: control characters and bytes that are no UTF-8 as
// they would be written, all else as it is.
std::string printable(std::string_view text);

}  // namespace reactord::load
