// What a program that ends says on standard error: why, and what would be right.
#pragma once

#include <string>

namespace reactord {

// Prints each line of `text`, the first one after "reactord: ". Where standard error is the journal, each is an error
// there, as sd-daemon(3) has it. Returns `status`, the exit status.
int complain(const std::string& text, int status);

// Whether `fd` is the stream by which systemd has connected us to its journal: JOURNAL_STREAM of systemd.exec(5).
bool is_journal(int fd);

}  // namespace reactord
