// shell_words: the words of a text, as a POSIX shell splits them, without its expansions: no shell runs.
//
//     /usr/bin/awk -f 'my script.awk' "say \"hi\"" a\ b ''
//     |----------| || |------------|  |--------|  |--|  ||      six words, the last one empty
//
// Where a shell would do more than split, such as for | or $HOME, that is an error: it would be done in vain.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reactord/setting.hpp"

namespace reactord {

// Blanks, tabs and newlines separate words. Between '' each character stands for itself; between "" so does each but \ in
// front of $ ` " \ and a newline; outside of both, \ makes the next character stand for itself. Errors: a quote without its
// end, a backslash at the end, and | & ; < > ( ) ` or $ with a name where a shell would take them for more than characters.
// They say what is wrong and what would be right, and do not repeat the text.
Parsed<std::vector<std::string>> shell_words(std::string_view text);

}  // namespace reactord
