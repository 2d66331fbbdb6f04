#include "daemon/complaint.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "daemon/printable.hpp"

namespace reactord {

bool is_journal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  if (stream == nullptr || ::fstat(fd, &file) != 0) return false;
  return std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino) == stream;
}

int complain(std::string_view name, const std::string& text, int status, const std::string& advice) {
  const std::string priority = is_journal(STDERR_FILENO) ? "<3>" : "";
  std::string printed = priority + std::string(name) + ": " + printable(text) + '\n';
  if (!advice.empty()) printed += priority + advice + '\n';
  std::fputs(printed.c_str(), stderr);  // one call, so that no other line comes between
  return status;
}

}  // namespace reactord
