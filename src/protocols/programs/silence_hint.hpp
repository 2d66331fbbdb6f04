// silence_hint: what may cure a program that was given a line and has written nothing. Most often it holds back its output
// until a block is full, because it writes to no terminal.
//
//     /usr/bin/python3.11 upper.py      print with flush=True ...
//     env -i LC_ALL=C grep a            --line-buffered
//     mawk                              -W interactive: it buffers its input
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reactord {

// A sentence without its end, as in "use sed -u". `command` is as in ProgramSettings. The program is known by the name of
// its first word, without directory, version and `env` before it; the first line of a script is not read. Pure. Valid for
// ever.
std::string_view silence_hint(const std::vector<std::string>& command) noexcept;

}  // namespace reactord
