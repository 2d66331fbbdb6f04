// Text: bytes for people. Bytes that can't be seen are escaped as in a template.
#pragma once

#include <string>
#include <string_view>

namespace reactord::load {

std::string quoted_bytes(std::string_view bytes);  // in quotes; a long text is cut short

// The text on one line: control characters and bytes that are not UTF-8 are escaped, everything else stays. For our
// messages that hold foreign bytes.
std::string printable(std::string_view text);

}  // namespace reactord::load
