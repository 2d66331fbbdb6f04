#include "daemon/complaint.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ranges>
#include <string_view>

namespace reactord {

bool is_journal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (stream == nullptr || ::fstat(fd, &file) != 0) return false;
  return std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino) == stream;
}

int complain(const std::string& text, int status) {
  const std::string priority = is_journal(STDERR_FILENO) ? "<3>" : "";
  std::string start = priority + "reactord: ";
  std::string printed;
  for (const auto line : std::views::split(text, '\n')) {
    printed += start + std::string(line.begin(), line.end()) + '\n';
    start = priority;
  }
  std::fputs(printed.c_str(), stderr);  // one write, so that another's line does not come between
  return status;
}

}  // namespace reactord
