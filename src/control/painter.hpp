// Painter: the bytes that make a terminal show a picture, given the one that it shows: only lines that differ are written.
//
//     shown    12 open        picture   12 open          bytes   ESC [ 2 ; 1 H   31 in/s   ESC [ K
//              30 in/s                  31 in/s
//
// Terminals that know the sequences of ECMA-48 for the cursor's place, the rest of a line and the look of text know these:
// all that are called xterm, screen, tmux, linux, vt100. It needs no description of them.
#pragma once

#include <cstdint>
#include <string>

#include "control/screen_line.hpp"

namespace reactord::control {

class Painter {
 public:
  enum class Look : std::uint8_t {
    coloured,
    plain,  // without colours: bold and reversed text alone
  };
  explicit Painter(Look look) noexcept : look_(look) {}

  // `picture` has size.rows lines of at most size.columns. Result: empty where the terminal shows it already.
  std::string paint(ScreenLines picture, ScreenSize size);

  // The terminal shows something else: the next paint() writes every line.
  void forget() noexcept { size_ = {0, 0}; }

 private:
  void paint_line(std::string& bytes, const ScreenLine& line, std::size_t columns) const;

  const Look look_;
  ScreenSize size_{0, 0};  // of shown_
  ScreenLines shown_;
};

}  // namespace reactord::control
