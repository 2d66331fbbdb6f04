// printable: text that came from somebody else, a peer or a file, as characters that can all be seen: for a terminal, the
// journal, a log. Nothing in it moves a cursor, ends a line, or turns the direction of what follows, and it is UTF-8.
//
//     what                                                        becomes
//     newline, carriage return, tab                               \n \r \t
//     other controls, C0 and C1, delete                           \u001b \u009b \u007f
//     marks of direction, separators of lines, what has no width  \u202e \u2028 \u200b, above U+FFFF \udb40\udc41, as in JSON
//     a byte that is no UTF-8                                     \xff
//     all the rest                                                itself, the backslash too
#pragma once

#include <string>
#include <string_view>

namespace reactord {

std::string printable(std::string_view text);  // which is its own printable()

bool is_printable(std::string_view text) noexcept;  // it comes out as it is

// In quotes, as a value in logfmt that is read like a string in JSON. There is no byte in one: it is a text that shows it,
// \\xff.
void append_quoted(std::string& out, std::string_view text);

}  // namespace reactord
