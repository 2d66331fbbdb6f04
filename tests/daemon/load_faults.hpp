// A started reactord-load, scripts and results of it, and faulty servers, for the tests of its runs. A server has one
// thread, or none.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "load/result/result_json.hpp"
#include "support/process.hpp"

namespace test {

struct Load : Process {
  explicit Load(std::vector<std::string> arguments, const std::string& prelude = {})
      : Process(std::move(arguments), 0, {.program = "LOAD", .prelude = prelude}) {}

  // The processes that share its load, once there are any.
  std::vector<pid_t> workers() const {
    const std::string path =
        "/proc/" + std::to_string(pid()) + "/task/" + std::to_string(pid()) + "/children";
    std::vector<pid_t> found;
    wait_until("the load has a process that works", [&] {
      std::ifstream file(path);
      for (pid_t worker; file >> worker;) found.push_back(worker);
      return !found.empty();
    });
    return found;
  }
};

using Words = std::vector<std::string>;

inline Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// The path of a script of that text.
inline std::string written(const TemporaryDirectory& directory, const std::string& text) {
  const std::string path = directory.path("a.load");
  std::ofstream(path) << text;
  return path;
}

// What --json wrote.
inline reactord::load::LoadResult read_result(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  auto result = reactord::load::read_result_json(text.str());
  REQUIRE(result.has_value());
  return std::move(*result);
}

// What reactord's line protocol answers.
inline bool answer(int fd, std::string_view lines) {
  std::string replies;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    replies += "Server: " + std::string(lines.substr(0, end));
    lines.remove_prefix(end == 0 ? lines.size() : end);
  }
  return ::send(fd, replies.data(), replies.size(), MSG_NOSIGNAL) >= 0;
}

inline bool is_there(pid_t process) { return ::kill(process, 0) == 0; }

// A port of loopback: bound, and listened to unless it is closed before.
class Port {
 public:
  explicit Port(int backlog = 64) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const pointer = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), pointer, length) != 0 || ::listen(listener_.get(), backlog) != 0 ||
        ::getsockname(listener_.get(), pointer, &length) != 0) {
      throw std::runtime_error("no port for a faulty server");
    }
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  const std::string& address() const { return address_; }
  std::string target() const { return "line@" + address_; }
  int fd() const { return listener_.get(); }
  bool has_caller(std::chrono::milliseconds within = 0ms) const {
    pollfd polled{.fd = fd(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, static_cast<int>(within.count())) == 1;
  }
  Descriptor accept() const {
    wait_until("somebody connects", [this] { return has_caller(); });
    return Descriptor(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  void close() { listener_.close(); }  // who connects from now on is refused

 private:
  Descriptor listener_;
  std::string address_;
};

// Accepts everybody, and hands what a connection says to `serve`, until that says no more.
class Served {
 public:
  using Serve = std::function<bool(int fd, std::string_view bytes)>;  // false: the connection ends

  explicit Served(Serve serve) : serve_(std::move(serve)), thread_([this] { run(); }) {}
  ~Served() {
    over_ = true;
    thread_.join();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  const Port& port() const { return port_; }
  std::string target() const { return port_.target(); }
  std::uint64_t lines() const { return lines_; }  // that came

 private:
  void run() {
    std::vector<Descriptor> clients;
    while (!over_) {
      std::vector<pollfd> polled{{.fd = port_.fd(), .events = POLLIN, .revents = 0}};
      for (const Descriptor& client : clients)
        polled.push_back({.fd = client.get(), .events = POLLIN, .revents = 0});
      if (::poll(polled.data(), polled.size(), 10) <= 0) continue;
      for (std::size_t index = polled.size() - 1; index > 0; --index) {
        if (polled[index].revents == 0) continue;
        char bytes[64 * 1024];
        const ssize_t count = ::recv(polled[index].fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) continue;
        const std::string_view got(bytes, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        for (const char byte : got) lines_ += byte == '\n';
        if (count > 0 && serve_(polled[index].fd, got)) continue;
        clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(index - 1));
      }
      if (polled[0].revents != 0) clients.emplace_back(::accept4(port_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    }
  }

  Port port_{1024};
  Serve serve_;
  std::atomic<bool> over_ = false;
  std::atomic<std::uint64_t> lines_ = 0;
  std::thread thread_;
};

}  // namespace test
