#include "control/terminal.hpp"

#include <cassert>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

#include "base/system.hpp"
#include "base/system_terminal.hpp"

namespace reactord::control {
namespace {

constexpr std::string_view to_screen = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view from_screen = "\x1b[0m\x1b[?25h\x1b[?1049l";
constexpr char cancel = '\x18';  // ends a sequence of which the rest is not written

constexpr ScreenSize usual_size{80, 24};

// Each key at once, and not shown. ctrl-C and ctrl-Z stay signals, ctrl-S and ctrl-Q are keys.
termios by_keys(termios settings) noexcept {
  settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  settings.c_iflag &= ~static_cast<tcflag_t>(IXON);
  settings.c_cc[VMIN] = 0;  // a read never waits
  settings.c_cc[VTIME] = 0;
  return settings;
}

}  // namespace

Result<bool> Terminal::enter() {
  if (state_ == State::screen) return true;
  const bool has_keys = system::is_terminal(input_);
  if (!system::is_in_foreground(has_keys ? input_ : output_)) return false;
  before_.reset();
  if (has_keys) {
    termios settings{};
    const int got = system::terminal_settings(input_, settings);
    if (got < 0) return std::unexpected(Error::from_errno(-got, "tcgetattr"));
    const int set = system::set_terminal_settings(input_, by_keys(settings));
    if (set < 0) return std::unexpected(Error::from_errno(-set, "tcsetattr"));
    before_ = settings;
  }
  state_ = State::screen;
  unwritten_ = to_screen;
  write_rest();
  return true;
}

void Terminal::leave() noexcept {
  if (std::exchange(state_, State::as_it_was) != State::screen) return;
  constexpr auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(longest_wait);
  try {
    std::string bytes = unwritten_.empty() ? std::string() : std::string(1, cancel);
    unwritten_ = std::move(bytes.append(from_screen));
  } catch (const std::bad_alloc&) {
    unwritten_.clear();  // the settings are given back all the same
  }
  write_rest();
  if (!unwritten_.empty() && system::wait_until_writable(output_, longest)) write_rest();
  unwritten_.clear();
  if (before_) system::set_terminal_settings(input_, *before_);
}

ScreenSize Terminal::size() const noexcept {
  unsigned columns = 0, rows = 0;
  const int result = system::terminal_size(output_, columns, rows);
  if (result < 0 || columns == 0 || rows == 0) return usual_size;
  return {columns, rows};
}

bool Terminal::is_ready() noexcept {
  write_rest();
  return unwritten_.empty() && !is_gone_;
}

void Terminal::write(std::string bytes) noexcept {
  assert(state_ == State::screen && unwritten_.empty());
  unwritten_ = std::move(bytes);
  write_rest();
}

void Terminal::write_rest() noexcept {
  while (!unwritten_.empty() && !is_gone_) {
    const ssize_t count = system::write_to_terminal_now(output_, unwritten_.data(), unwritten_.size());
    if (count == -EAGAIN) return;
    is_gone_ = count < 0;
    if (!is_gone_) unwritten_.erase(0, static_cast<std::size_t>(count));
  }
}

}  // namespace reactord::control
