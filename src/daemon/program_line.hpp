// Program line: the line of the configuration that names a program, read into ProgramSettings.
//
//     upper workers=4 timeout=10s PYTHONPATH=/srv/lib LANG=C /usr/bin/python3 /srv/upper.py
//     name  ----- options ------- ------ environment ------- ---- command and arguments ---
//
//     NAME=VALUE in front of the command, NAME of small letters, digits and -       an option
//                                         with a capital letter or _ in it          a variable of the environment
//     the first other word                                                          the command
//
// All of it is split as by a shell first (shell_words.hpp). A command that has "=" in its name is written with its path, as
// in ./a=b: no name of an option or a variable has a slash.
#pragma once

#include <span>
#include <string_view>

#include "protocols/programs/program_settings.hpp"
#include "reactord/setting.hpp"

namespace reactord {

// Errors begin with `text`, and say what would be right. `protocols`: names that no program may have. The user is looked up
// in the system's list of users, which may block. Nothing is said of the command: see check_launch().
Parsed<ProgramSettings> parse_program(std::string_view text, std::span<const std::string_view> protocols);

// The first word, whatever else is wrong with the line; empty: there is none.
std::string_view program_name(std::string_view text) noexcept;

}  // namespace reactord
