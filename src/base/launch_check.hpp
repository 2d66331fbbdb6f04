// launch_check: says what is wrong with a program that can't be started, and what would be right.
//
//     exec upper: no program of this name in PATH (/usr/local/bin:/usr/bin:/bin)
//     exec /srv/upper: no such file or directory
//     exec /srv/upper: it is not executable: chmod +x /srv/upper
//     exec /srv/upper: it is a directory
//     exec /srv/upper: its interpreter /usr/bin/pyhton3 of the first line is not there
//     exec /srv/upper: not an executable format: it needs a first line such as #!/bin/sh
//     chdir /srv/data: no such file or directory
#pragma once

#include <string>
#include <string_view>

#include "base/launch.hpp"
#include "reactord/error.hpp"

namespace reactord {

// Says whether launch() would fail, as far as that is known without a child: the directory, the program, the interpreter of
// its first line. It reads the file system as this user, so what `user` may not do is found by launch() alone.
Result<void> check_launch(const Launch& launch);

// The path that execve(2) is given for the first word of `command`: the word itself if it has a slash, otherwise the first
// executable file of that name in PATH. A relative path is relative to `directory`. Error: there is none.
Result<std::string> find_program(const Launch& launch);

// The error of an execve(2) of `path`, as find_program() gave it, that failed with `number`: the file says why.
Error exec_error(const Launch& launch, const std::string& path, int number);

}  // namespace reactord
