// Daemon: the real reactord under test, as a child process. Client: a blocking peer of it.
//
// Every wait has an end: what does not happen within `patience` throws, and the test fails with what it
// waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
inline constexpr std::chrono::milliseconds patience = 10s;

bool is_sanitized();  // the daemon under test runs with a sanitizer: its memory and speed say nothing
void wait_until(const char* what, const std::function<bool()>& condition);

// A second signal to stop counts a second after the first one.
void pass_second();

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }
  int get() const noexcept { return fd_; }
  void close() noexcept;

 private:
  int fd_;
};

// A directory of its own, removed with the files in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  std::string path(std::string_view name) const { return path_ + '/' + std::string(name); }

 private:
  std::string path_;
};

// Puts a file with that text in the place of the one at `path`, which is never seen half written.
void write_file(const std::string& path, std::string_view text);

// What a program is started with besides its arguments.
struct Launch {
  std::vector<std::string> environment = {};  // NAME=VALUE, on top of ours
  std::vector<int> passed = {};               // become descriptors 3, 4 ... as sd_listen_fds(3) has them
  std::string passed_names = {};              // LISTEN_FDNAMES
  int input = -1;                             // its standard input; -1: nothing
  bool errors_to_input = false;      // standard output and error are the same as the input, as inetd does it
  const char* program = "REACTORD";  // the environment variable that names it
  std::string prelude = {};          // commands of sh(1) before it: "ulimit -v 24576; "
};

// The program that is under test, its output in pipes. Killed and reaped at the end.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments, unsigned descriptor_limit = 0,
                   const Launch& launch = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  void signal(int number) const;
  int wait();               // the exit status; -N when signal N ended it
  bool is_running() const;  // it has not exited
  int stop();               // SIGTERM and wait()
  pid_t pid() const noexcept { return pid_; }

  // The first line of the log that holds all the words and was not returned before, in whatever order.
  std::string wait_for_log(std::initializer_list<std::string_view> words);
  void read_log();  // what there is of it now, kept for wait_for_log() and errors(); waits for nothing
  void close_log() { errors_.close(); }
  void shrink_log() const;  // the pipe holds one page from now on

  std::string output();  // the rest of stdout, to its end
  std::string errors();  // the rest of stderr, to its end

  double cpu_seconds() const;
  std::size_t resident_bytes() const;
  std::size_t descriptors() const;
  bool run_before_others() const;               // with a priority of real time, where we may give it one
  void limit_descriptors(unsigned most) const;  // from now on, whatever it has counted on

 private:
  void show_errors();
  void cut_lines();
  pid_t pid_ = -1;
  Descriptor exit_, output_, errors_;
  std::string unfinished_line_;
  std::vector<std::string> lines_;
};

// A Process that serves: it has logged one address for each `listen` when the constructor returns.
class Daemon : public Process {
 public:
  explicit Daemon(const std::vector<std::string>& listen = {"line@127.0.0.1:0"},
                  const std::vector<std::string>& more_arguments = {}, unsigned descriptor_limit = 0);
  const std::string& address(std::size_t index = 0) const { return addresses_.at(index); }

 private:
  std::vector<std::string> addresses_;
};

// Addresses are as the daemon logs them: 127.0.0.1:80, [::]:80, /run/x.sock, @name.
class Client {
 public:
  explicit Client(const std::string& address, int receive_buffer = 0, int send_buffer = 0,
                  const std::string& from = {});  // "127.0.0.2": the address it comes from

  void send(std::string_view bytes);                     // all of them
  std::size_t send_until_stuck(std::string_view bytes);  // until the daemon takes no more: how many it were
  void finish();                                         // no more will be sent: the daemon reads end of file
  std::string read_line();                               // with its end
  std::string read_to_end();
  // Sends and reads at the same time, to the end of file.
  std::string exchange(std::string_view bytes, bool finish_when_sent = false);
  std::string ask(std::string_view line);  // sends it, gives the reply, both without line end

  bool has_input(std::chrono::milliseconds within = 0ms) const;  // bytes or the end
  bool is_reset();                                               // waits for the end: broken off, not orderly
  std::size_t unreceived() const;  // bytes sent that the daemon's kernel has not acknowledged
  void wait_until_received() const;
  void reset();
  void close() { socket_.close(); }

 private:
  std::size_t send_some(std::string_view bytes);
  bool read_some();  // false: end of file
  Descriptor socket_;
  std::string input_;
};

}  // namespace test
