// A program that serves connections, and misbehaves when a client tells it to. It needs nothing but libc.
//
//     program worker MARK    a worker: it answers each line with the line itself. The last word of a line may be a misdeed:
//     program family MARK    for one connection: two children that sleep for ever, and its input is its output
//
// MARK is for whoever looks for its processes in /proc: they all bear it, children too.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t block = 64 * 1024;
constexpr int pushes = 2000;

// A worker that nobody reads any more ends, as by SIGPIPE.
void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count <= 0) std::_Exit(1);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

[[noreturn]] void sleep_for_ever() {
  while (true) ::pause();
}

void spew() {
  const std::string garbage(block, 'x');
  while (true) write_all(STDOUT_FILENO, garbage);
}

[[noreturn]] void begin_line_for_ever(std::string_view number) {
  write_all(STDOUT_FILENO, number);
  write_all(STDOUT_FILENO, " half");
  while (true) {
    write_all(STDOUT_FILENO, "h");
    ::usleep(10'000);
  }
}

void push(std::string_view number, std::string_view text) {
  std::string all;
  for (int count = 0; count < pushes; ++count)
    all.append(number).append("+ push ").append(text.substr(0, text.find(' '))).append("\n");
  write_all(STDOUT_FILENO, all);
}

void complain() {
  std::string all;
  while (all.size() < block) all += "it is not my fault\n";
  for (int count = 0; count < 16; ++count) write_all(STDERR_FILENO, all);
}

// Returns where the line is to be answered all the same.
void commit(std::string_view misdeed, std::string_view number, std::string_view text) {
  if (misdeed == "exit") std::_Exit(3);
  if (misdeed == "crash") std::abort();
  if (misdeed == "spew") spew();
  if (misdeed == "half") begin_line_for_ever(number);
  if (misdeed == "rave") write_all(STDOUT_FILENO, "no answer of anybody\n");
  if (misdeed == "stranger") write_all(STDOUT_FILENO, "18446744073709551615 good day\n");
  if (misdeed == "push") push(number, text);
  if (misdeed == "stderr") complain();
  if (misdeed == "close-output") {
    ::close(STDOUT_FILENO);
    sleep_for_ever();
  }
  if (misdeed == "close-input") {
    ::close(STDIN_FILENO);
    sleep_for_ever();
  }
  if (misdeed == "fork") {  // the child holds all three streams
    if (::fork() == 0) sleep_for_ever();
    std::_Exit(0);
  }
}

// Answers are written together where lines were read together, and all of them before a misdeed.
class Worker {
 public:
  void run() {
    static char bytes[block];
    for (ssize_t count; (count = ::read(STDIN_FILENO, bytes, sizeof bytes)) > 0; flush()) {
      unread_.append(bytes, static_cast<std::size_t>(count));
      std::size_t begin = 0;
      for (std::size_t end; (end = unread_.find('\n', begin)) != std::string::npos; begin = end + 1)
        take(std::string_view(unread_).substr(begin, end - begin));
      unread_.erase(0, begin);
    }
  }

 private:
  void take(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::string_view number = line.substr(0, space);
    if (number.ends_with('+') || number.ends_with('-')) return;  // a notice
    const std::string_view text = line.substr(space + 1);
    const std::size_t misdeed = text.find(" do:");
    if (misdeed != std::string_view::npos) {
      flush();
      if (text.ends_with(" do:nothing")) mute_.emplace(number);
      commit(text.substr(misdeed + 4), number, text);
    }
    if (!mute_.empty() && mute_.contains(number)) return;
    answers_.append(number).append(" ").append(text).append("\n");
  }
  void flush() {
    write_all(STDOUT_FILENO, answers_);
    answers_.clear();
  }

  std::string unread_, answers_;
  std::set<std::string, std::less<>> mute_;  // connections that are answered no more
};

void pass_on() {
  static char bytes[block];
  for (ssize_t count; (count = ::read(STDIN_FILENO, bytes, sizeof bytes)) > 0;)
    write_all(STDOUT_FILENO, {bytes, static_cast<std::size_t>(count)});
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view kind = count == 3 ? arguments[1] : "";
  if (kind == "worker") {
    Worker().run();
    return 0;
  }
  if (kind != "family") {
    std::fputs("usage: program worker|family MARK\n", stderr);
    return 64;
  }
  for (int child = 0; child < 2; ++child) {
    if (::fork() == 0) sleep_for_ever();
  }
  pass_on();
  return 0;
}
