// logfmt_json: a line of the log as the members of a JSON object.
//
//     event=closed peer="a b" in=17 seconds=0.004     -->     "event":"closed","peer":"a b","in":17,"seconds":0.004
//
// A value that is a whole number or a decimal, without quotes, is a number. Every other one is a string. The log quotes as JSON
// does (printable.hpp), so a quoted value stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace reactord {

// Appends the members, without braces. `line` is one that Log has made, without its end. Throws std::bad_alloc.
void append_logfmt_members(std::string& out, std::string_view line);

}  // namespace reactord
