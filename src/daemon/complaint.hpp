// The text that a program prints on standard error when it ends: why, and what would be right.
#pragma once

#include <string>
#include <string_view>

namespace reactord {

// Prints `text` as one line after "NAME: ", made printable (printable.hpp), and `advice`, if any, on its own line.
// When standard error is the journal, both have the priority of errors, as in sd-daemon(3). Returns `status`, the exit
// status.
int complain(std::string_view name, const std::string& text, int status, const std::string& advice = {});

// True when systemd has connected `fd` to its journal: JOURNAL_STREAM of systemd.exec(5). A standard error that was
// redirected does not count.
bool is_journal(int fd);

}  // namespace reactord
