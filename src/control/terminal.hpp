// Terminal: the terminal of this process as a screen, and back: it is left as it was.
//
//     as it was -- enter() --> screen     keys come one by one and are not shown; the alternate screen, without a cursor
//         ^---- leave(), ~Terminal ----+  the settings and the screen of before
//
// A terminal that takes no more bytes, as that of a connection that hangs, is not waited for: the rest of a picture waits,
// and no other picture is begun before it is written.
#pragma once

#include <termios.h>

#include <cstdint>
#include <optional>
#include <string>

#include "control/screen_line.hpp"
#include "reactord/error.hpp"
#include "reactord/time.hpp"

namespace reactord::control {

class Terminal {
 public:
  // The time that leave() waits at most for the terminal to take the bytes that put it back.
  static constexpr Duration longest_wait = 1s;

  // `output` is a terminal, `input` may be one: both stay the caller's, and open. SIGTTOU must be blocked.
  Terminal(int input, int output) noexcept : input_(input), output_(output) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() { leave(); }

  // Nothing happens while another program has the terminal: this one is in the background then. True: it is a screen now.
  // Errors: those of tcgetattr(3) and tcsetattr(3).
  Result<bool> enter();
  void leave() noexcept;  // no effect unless it is a screen
  bool is_screen() const noexcept { return state_ == State::screen; }

  ScreenSize size() const noexcept;        // 80x24 where the terminal does not know
  bool is_ready() noexcept;                // all that was written is with the terminal, and it has not gone
  void write(std::string bytes) noexcept;  // only when it is ready, as many bytes as it takes; the rest later
  bool is_gone() const noexcept { return is_gone_; }  // it can't be written to any more

 private:
  enum class State : std::uint8_t {
    as_it_was,
    screen,  // before_ is to be set again
  };
  void write_rest() noexcept;

  const int input_, output_;
  State state_ = State::as_it_was;
  std::optional<termios> before_;  // of the input; empty: it is no terminal
  std::string unwritten_;
  bool is_gone_ = false;
};

}  // namespace reactord::control
