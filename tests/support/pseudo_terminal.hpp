// PseudoTerminal: a program on a terminal of its own, and what that shows.
//
//     press("q") --> master | terminal --> the program, leader of a session
//                       |
//                       +--> bytes() --> what a terminal makes of them: screen()
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.hpp"

namespace test {

struct TerminalSize {
  unsigned short columns = 80, rows = 24;
};

class PseudoTerminal {
 public:
  // Starts the program, which is the first word. `environment` is NAME=VALUE, on top of ours.
  explicit PseudoTerminal(std::vector<std::string> command, TerminalSize size = {},
                          std::vector<std::string> environment = {"TERM=xterm"});
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;
  ~PseudoTerminal();  // kills it

  void press(std::string_view keys) const;
  void resize(TerminalSize size);
  void signal(int number) const;
  void hang_up() { master_.close(); }  // nothing is shown from then on

  // Waits until the screen fulfils that. Result: the screen then.
  std::string wait_for(const char* what, const std::function<bool(const std::string& screen)>& condition);
  std::string wait_for(std::string_view text);  // anywhere on the screen
  int wait();                                   // the exit status; -N when signal N ended it

  const std::string& bytes() const noexcept { return bytes_; }  // all that it has written
  std::string screen() const;  // the lines that are shown now, each with its end, without spaces at it
  bool is_alternate() const;   // the alternate screen is shown
  bool has_cursor() const;     // and it is not hidden
  termios settings() const;    // of the terminal
  pid_t pid() const noexcept { return pid_; }

 private:
  bool read_some(int milliseconds);  // false: nothing came

  pid_t pid_ = -1;
  Descriptor master_, terminal_;  // held open: the settings outlive the program
  TerminalSize size_;
  std::string bytes_;
};

// Whether both are the same in all that tcsetattr(3) sets.
bool are_same(const termios& left, const termios& right);

}  // namespace test
