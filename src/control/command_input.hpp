// CommandInput: commands from standard input, one a line, from a terminal, a pipe or a file. It blocks: the program has nothing
// else to do, and the daemon is not connected meanwhile.
#pragma once

#include <optional>
#include <string>

#include "reactord/error.hpp"
#include "reactord/line_splitter.hpp"

namespace reactord::control {

class CommandInput {
 public:
  explicit CommandInput(int fd) noexcept : fd_(fd) {}  // stays the caller's

  // Waits for the next line, which may be empty, and gives it without its end; nothing at end of file. Errors: system;
  // line_too_long, for a line of LineSplitter::default_max_line bytes, after which it is not called again.
  Result<std::optional<std::string>> next();

 private:
  Result<void> read_more();

  int fd_;
  bool ended_ = false;
  LineSplitter splitter_;
  std::string bytes_;
};

}  // namespace reactord::control
