#include "support/pseudo_terminal.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace test {
namespace {

winsize window_of(TerminalSize size) { return {size.rows, size.columns, 0, 0}; }

// What a terminal shows: the sequences that programs here write, and no others.
class Picture {
 public:
  explicit Picture(TerminalSize size) : columns_(size.columns), lines_(size.rows) { clear(); }

  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes.front() == '\x1b') {
        take_sequence(bytes);
      } else {
        if (row_ < lines_.size() && column_ < columns_) lines_[row_][column_++] = bytes.front();
        bytes.remove_prefix(1);
      }
    }
  }

  std::string text() const {
    std::string text;
    for (const std::string& line : lines_) text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    return text;
  }

 private:
  void clear() {
    for (std::string& line : lines_) line.assign(columns_, ' ');
  }

  void take_sequence(std::string_view& bytes) {
    const std::size_t end = bytes.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    const std::string words(bytes.substr(0, end));
    const char what = end == bytes.npos ? '\0' : bytes[end];
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    if (what == 'H') {
      row_ = words.size() > 2 ? static_cast<std::size_t>(std::atoi(words.c_str() + 2)) - 1 : 0;
      column_ = 0;
    } else if (what == 'K' && row_ < lines_.size()) {
      std::fill(lines_[row_].begin() + static_cast<std::ptrdiff_t>(column_), lines_[row_].end(), ' ');
    } else if (what == 'J') {
      clear();
    }
  }

  std::size_t columns_, row_ = 0, column_ = 0;
  std::vector<std::string> lines_;
};

bool is_on(std::string_view bytes, std::string_view on, std::string_view off, bool usual) {
  const std::size_t last_on = bytes.rfind(on), last_off = bytes.rfind(off);
  if (last_on == bytes.npos && last_off == bytes.npos) return usual;
  return last_off == bytes.npos || (last_on != bytes.npos && last_on > last_off);
}

}  // namespace

PseudoTerminal::PseudoTerminal(std::vector<std::string> command, TerminalSize size,
                               std::vector<std::string> environment)
    : size_(size) {
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  int master = -1, terminal = -1;
  const winsize window = window_of(size);
  if (::openpty(&master, &terminal, nullptr, nullptr, &window) != 0) throw std::runtime_error("openpty");
  master_ = Descriptor(master);
  terminal_ = Descriptor(terminal);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ > 0) return;
  for (std::string& one : environment) ::putenv(one.data());
  ::close(master);
  ::login_tty(terminal);
  ::execvp(words.front(), words.data());
  ::_exit(127);
}

PseudoTerminal::~PseudoTerminal() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void PseudoTerminal::press(std::string_view keys) const {
  if (::write(master_.get(), keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error("a terminal that takes no keys");
}

void PseudoTerminal::resize(TerminalSize size) {
  size_ = size;
  bytes_.clear();  // what a terminal makes of its picture then differs: the program is to draw all of it
  const winsize window = window_of(size);
  if (::ioctl(master_.get(), TIOCSWINSZ, &window) != 0) throw std::runtime_error("ioctl");
}

void PseudoTerminal::signal(int number) const { ::kill(pid_, number); }

bool PseudoTerminal::read_some(int milliseconds) {
  pollfd polled{.fd = master_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&polled, 1, milliseconds) <= 0) return false;
  char bytes[16 * 1024];
  const ssize_t count = ::read(master_.get(), bytes, sizeof bytes);
  if (count <= 0) return false;
  bytes_.append(bytes, static_cast<std::size_t>(count));
  return true;
}

std::string PseudoTerminal::wait_for(const char* what,
                                     const std::function<bool(const std::string& screen)>& condition) {
  const auto end = Clock::now() + patience;
  while (true) {
    std::string shown = screen();
    if (condition(shown)) return shown;
    if (Clock::now() > end)
      throw std::runtime_error(std::string("waited in vain for ") + what + " on\n" + shown);
    read_some(100);
  }
}

std::string PseudoTerminal::wait_for(std::string_view text) {
  const std::string wanted(text);
  return wait_for(wanted.c_str(), [&](const std::string& shown) { return shown.contains(wanted); });
}

int PseudoTerminal::wait() {
  const auto end = Clock::now() + patience;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) != pid_) {
    if (Clock::now() > end) throw std::runtime_error("waited in vain for its end, on\n" + screen());
    if (master_.get() < 0 || !read_some(10)) ::poll(nullptr, 0, 2);
  }
  pid_ = -1;
  while (master_.get() >= 0 && read_some(0)) continue;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string PseudoTerminal::screen() const {
  Picture picture(size_);
  picture.take(bytes_);
  return picture.text();
}

bool PseudoTerminal::is_alternate() const { return is_on(bytes_, "\x1b[?1049h", "\x1b[?1049l", false); }
bool PseudoTerminal::has_cursor() const { return is_on(bytes_, "\x1b[?25h", "\x1b[?25l", true); }

termios PseudoTerminal::settings() const {
  termios settings{};
  if (::tcgetattr(terminal_.get(), &settings) != 0) throw std::runtime_error("tcgetattr");
  return settings;
}

bool are_same(const termios& left, const termios& right) {
  return left.c_iflag == right.c_iflag && left.c_oflag == right.c_oflag && left.c_cflag == right.c_cflag &&
         left.c_lflag == right.c_lflag && std::ranges::equal(left.c_cc, right.c_cc);
}

}  // namespace test
