// What a program that ends says on standard error: why, and what would be right.
#pragma once

#include <string>

namespace reactord {

// Prints `text` as one line after "reactord: ", printable (printable.hpp), and `advice` on a line of its own where there is
// any. Where standard error is the journal, both are errors there, as sd-daemon(3) has it. Returns `status`, the exit
// status.
int complain(const std::string& text, int status, const std::string& advice = {});

// Whether `fd` is the stream by which systemd has connected us to its journal: JOURNAL_STREAM of systemd.exec(5). So a
// standard error that was redirected is not taken for it.
bool is_journal(int fd);

}  // namespace reactord
