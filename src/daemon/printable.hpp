// printable: makes text of a peer or a file visible, for a terminal, the journal or a log. The result moves no cursor,
// ends no line, and does not change the direction of the text after it. It is UTF-8.
//
//     what                                                        becomes
//     newline, carriage return, tab                               \n \r \t
//     other controls, C0 and C1, delete                           \u001b \u009b \u007f
//     marks of direction, line separators, zero-width characters  \u202e \u2028 \u200b; as in JSON: \udb40\udc41
//     a byte that is no UTF-8                                     \xff
//     everything else                                             itself, including the backslash
#pragma once

#include <string>
#include <string_view>

namespace reactord {

std::string printable(std::string_view text);  // idempotent

bool is_printable(std::string_view text) noexcept;  // true when printable() would not change it

// The text in quotes, as a logfmt value that is read like a JSON string. JSON has no bytes: a byte is shown by the text
// \\xff.
void append_quoted(std::string& out, std::string_view text);

}  // namespace reactord
