#include "support/process.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "reactord/address.hpp"

extern char** environ;

namespace test {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
[[noreturn]] void fail_with_errno(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

// Whether one of `events` (or the end) comes within the time.
bool is_ready(int fd, short events, std::chrono::milliseconds within) {
  const auto end = Clock::now() + within;
  pollfd polled{.fd = fd, .events = events, .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    const int count = ::poll(&polled, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) fail_with_errno("poll");
  }
}

void await_ready(int fd, short events, const std::string& what) {
  if (!is_ready(fd, events, patience)) fail("waited in vain for " + what);
}

// Appends what is there. False: end of file.
bool read_pipe(const Descriptor& pipe, std::string& into, const std::string& what) {
  await_ready(pipe.get(), POLLIN, what);
  char bytes[16 * 1024];
  const ssize_t count = ::read(pipe.get(), bytes, sizeof bytes);
  if (count < 0) fail_with_errno("read");
  into.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::pair<Descriptor, Descriptor> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_with_errno("pipe2");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_of(const Launch& launch) {
  std::vector<std::string> variables = launch.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  if (launch.passed.empty()) return variables;
  variables.push_back("LISTEN_FDS=" + std::to_string(launch.passed.size()));
  variables.push_back("LISTEN_FDNAMES=" + launch.passed_names);
  return variables;
}

pid_t spawn(const std::vector<std::string>& command, int output, int errors, const Launch& launch) {
  const std::vector<char*> words = pointers_to(command);
  const std::vector<std::string> variables = environment_of(launch);
  const std::vector<char*> environment = pointers_to(variables);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (launch.input < 0) {
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  } else {
    ::posix_spawn_file_actions_adddup2(&actions, launch.input, STDIN_FILENO);
  }
  ::posix_spawn_file_actions_adddup2(&actions, launch.errors_to_input ? launch.input : output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, launch.errors_to_input ? launch.input : errors, STDERR_FILENO);
  int next = STDERR_FILENO + 1;
  std::vector<Descriptor>
      sources;  // above all that become something: else one would be overwritten before its turn
  for (const int fd : launch.passed) {
    sources.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 100));
    ::posix_spawn_file_actions_adddup2(&actions, sources.back().get(), next++);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions, next);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, words.front(), &actions, nullptr, words.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw std::system_error(failure, std::generic_category(), words.front());
  return pid;
}

reactord::Address to_address(const std::string& text) {
  const bool is_unix = text.starts_with('/') || text.starts_with('@');
  const auto address = reactord::Address::parse(is_unix ? "unix:" + text : text);
  if (!address) fail("not an address: " + text);
  return *address;
}

}  // namespace

bool is_sanitized() {
  const char* value = std::getenv("SANITIZED");
  return value != nullptr && *value != '\0';
}

void wait_until(const char* what, const std::function<bool()>& condition) {
  const auto end = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > end) fail(std::string("waited in vain until ") + what);
    std::this_thread::sleep_for(2ms);
  }
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

TemporaryDirectory::TemporaryDirectory() {
  std::string path = "/tmp/reactord-test-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) fail_with_errno("mkdtemp");
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void pass_second() {
  const auto until = Clock::now() + 1s;
  wait_until("a second has passed", [until] { return Clock::now() > until; });
}

void write_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  std::ofstream(fresh, std::ios::binary) << text;
  std::filesystem::rename(fresh, path);
}

Process::Process(std::vector<std::string> arguments, unsigned descriptor_limit, const Launch& launch) {
  const char* program = std::getenv(launch.program);
  if (program == nullptr)
    fail("the environment variable " + std::string(launch.program) +
         " must name the program: use \"make test\"");
  arguments.insert(arguments.begin(), program);
  std::string prelude = launch.prelude;
  if (descriptor_limit > 0) prelude += "ulimit -n " + std::to_string(descriptor_limit) + "; ";
  if (!launch.passed.empty()) prelude += "LISTEN_PID=$$; export LISTEN_PID; ";
  if (!prelude.empty()) {
    arguments.insert(arguments.begin(), {"/bin/sh", "-c", prelude + "exec \"$0\" \"$@\""});
  }
  auto [output, output_writer] = make_pipe();
  auto [errors, errors_writer] = make_pipe();
  pid_ = spawn(arguments, output_writer.get(), errors_writer.get(), launch);
  exit_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  output_ = std::move(output);
  errors_ = std::move(errors);
}

Process::~Process() {
  if (pid_ < 0) return;
  if (!is_running()) show_errors();  // nobody has asked it to end
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) const {
  if (pid_ < 0 || ::kill(pid_, number) != 0) fail("the daemon has ended already");
}

bool Process::is_running() const { return pid_ >= 0 && !is_ready(exit_.get(), POLLIN, 0ms); }

int Process::wait() {
  await_ready(exit_.get(), POLLIN, "the daemon to exit");
  int status = 0;
  if (::waitpid(std::exchange(pid_, -1), &status, 0) < 0) fail_with_errno("waitpid");
  const int result = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  if (result != 0 && result != 1 && result != 64 && result != 78 && result != -SIGKILL) show_errors();
  return result;
}

// What it had to say, for whoever reads the output of a failed test.
void Process::show_errors() {
  if (errors_.get() < 0) return;
  unfinished_line_ = errors();
  std::fputs(unfinished_line_.c_str(), stderr);
}

int Process::stop() {
  signal(SIGTERM);
  return wait();
}

std::string Process::wait_for_log(std::initializer_list<std::string_view> words) {
  std::string wanted = "a log line with";
  for (const std::string_view word : words) wanted += ' ' + std::string(word);
  std::size_t searched = 0;
  while (true) {
    for (; searched < lines_.size(); ++searched) {
      const std::string& line = lines_[searched];
      const auto holds = [&](std::string_view word) { return line.find(word) != line.npos; };
      if (!std::ranges::all_of(words, holds)) continue;
      std::string found = line;
      lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(searched));
      return found;
    }
    if (!read_pipe(errors_, unfinished_line_, wanted)) fail("the log ended without " + wanted);
    cut_lines();
  }
}

void Process::cut_lines() {
  std::size_t begin = 0;
  for (std::size_t end; (end = unfinished_line_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines_.push_back(unfinished_line_.substr(begin, end - begin));
  }
  unfinished_line_.erase(0, begin);
}

void Process::read_log() {
  while (is_ready(errors_.get(), POLLIN, 0ms)) {
    if (!read_pipe(errors_, unfinished_line_, "the log")) break;
  }
  cut_lines();
}

void Process::shrink_log() const {
  if (::fcntl(errors_.get(), F_SETPIPE_SZ, 4096) < 0) fail_with_errno("fcntl");
}

std::string Process::output() {
  std::string text;
  while (read_pipe(output_, text, "the end of stdout")) continue;
  return text;
}

std::string Process::errors() {
  std::string text;
  for (const std::string& line : std::exchange(lines_, {})) text += line + '\n';
  text += std::exchange(unfinished_line_, {});
  while (read_pipe(errors_, text, "the end of stderr")) continue;
  return text;
}

double Process::cpu_seconds() const {
  clockid_t clock = 0;
  timespec used{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    fail_with_errno("clock_gettime");
  }
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

std::size_t Process::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
  std::size_t size = 0, resident = 0;
  if (!(file >> size >> resident)) fail("no memory figures in /proc");
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t Process::descriptors() const {
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

bool Process::run_before_others() const {
  const sched_param lowest{.sched_priority = ::sched_get_priority_min(SCHED_RR)};
  return ::sched_setscheduler(pid_, SCHED_RR, &lowest) == 0;
}

void Process::limit_descriptors(unsigned most) const {
  rlimit limit{};
  if (::prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit) != 0) fail_with_errno("prlimit");
  limit.rlim_cur = most;
  if (::prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr) != 0) fail_with_errno("prlimit");
}

Daemon::Daemon(const std::vector<std::string>& listen, const std::vector<std::string>& more_arguments,
               unsigned descriptor_limit)
    : Process(
          [&] {
            std::vector<std::string> arguments = more_arguments;
            for (const std::string& one : listen) arguments.insert(arguments.end(), {"--listen", one});
            return arguments;
          }(),
          descriptor_limit) {
  for (const std::string& one : listen) {
    const std::string protocol = "protocol=" + one.substr(0, one.find('@')) + ' ';
    const std::string line = wait_for_log({"event=listening", protocol});
    addresses_.push_back(line.substr(line.find("address=") + 8));
  }
}

Client::Client(const std::string& text, int receive_buffer, int send_buffer, const std::string& from) {
  const reactord::Address address = to_address(text);
  socket_ = Descriptor(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket_.get() < 0) fail_with_errno("socket");
  const auto set = [&](int option, int value) {
    if (value > 0) ::setsockopt(socket_.get(), SOL_SOCKET, option, &value, sizeof value);
  };
  set(SO_RCVBUF, receive_buffer);
  set(SO_SNDBUF, send_buffer);
  sockaddr_storage storage{};
  if (!from.empty()) {
    const unsigned own = to_address(from + ":0").to_socket_address(storage);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), own) != 0) fail_with_errno("bind");
  }
  const unsigned length = address.to_socket_address(storage);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    fail_with_errno("connect");
  }
}

std::size_t Client::send_some(std::string_view bytes) {
  const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno != EAGAIN) fail_with_errno("send");
  return 0;
}

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    await_ready(socket_.get(), POLLOUT, "the daemon to take what a client sends");
    bytes.remove_prefix(send_some(bytes));
  }
}

std::size_t Client::send_until_stuck(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && is_ready(socket_.get(), POLLOUT, 150ms))
    sent += send_some(bytes.substr(sent));
  return sent;
}

void Client::finish() {
  if (::shutdown(socket_.get(), SHUT_WR) != 0) fail_with_errno("shutdown");
}

bool Client::read_some() {
  await_ready(socket_.get(), POLLIN, "a reply, after \"" + input_.substr(0, 100) + '"');
  char bytes[16 * 1024];
  const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
  if (count < 0) fail_with_errno("recv");
  input_.append(bytes, static_cast<std::size_t>(count));
  return count > 0;
}

std::string Client::read_line() {
  std::size_t end;
  while ((end = input_.find('\n')) == std::string::npos) {
    if (!read_some()) fail("end of file in place of a line, after \"" + input_ + '"');
  }
  std::string line = input_.substr(0, end + 1);
  input_.erase(0, end + 1);
  return line;
}

std::string Client::read_to_end() {
  while (read_some()) continue;
  return std::exchange(input_, {});
}

std::string Client::exchange(std::string_view bytes, bool finish_when_sent) {
  while (true) {
    if (bytes.empty() && std::exchange(finish_when_sent, false)) finish();
    const short events = bytes.empty() ? POLLIN : POLLIN | POLLOUT;
    await_ready(socket_.get(), events, "the daemon to take bytes or to give some");
    if (!bytes.empty()) bytes.remove_prefix(send_some(bytes));
    if (has_input() && !read_some()) return std::exchange(input_, {});
  }
}

std::string Client::ask(std::string_view line) {
  send(std::string(line) + '\n');
  std::string reply = read_line();
  reply.pop_back();
  return reply;
}

bool Client::has_input(std::chrono::milliseconds within) const {
  return is_ready(socket_.get(), POLLIN, within);
}

bool Client::is_reset() {
  try {
    read_to_end();
    return false;
  } catch (const std::system_error& error) {
    return error.code().value() == ECONNRESET;
  }
}

std::size_t Client::unreceived() const {
  int count = 0;
  if (::ioctl(socket_.get(), SIOCOUTQ, &count) != 0) fail_with_errno("ioctl");
  return static_cast<std::size_t>(count);
}

void Client::wait_until_received() const {
  wait_until("everything sent was received", [this] { return unreceived() == 0; });
}

void Client::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace test
