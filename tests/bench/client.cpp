// client: the loads that tests/bench/measure puts on a line server. Blocking, simple, bounded; it checks
// every reply.
//
//     client lines    PORT CONNECTIONS DEPTH ROUNDS   each connection sends DEPTH lines of 32 bytes and
//     awaits the
//                                                     replies, ROUNDS times; prints the replies per second
//     client connects PORT CONCURRENCY COUNT          COUNT connections, CONCURRENCY at a time, one line each
//     client idle     PORT COUNT                      COUNT connections that speak once, then hold until
//     stdin ends
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view line = "0123456789012345678901234567890\n";  // 32 bytes with its end
const std::string reply = "Server: " + std::string(line);

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) die("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) die("send");
}

void expect_replies(int fd, std::size_t count, std::string& buffer) {
  const std::size_t wanted = count * reply.size();
  buffer.resize(wanted);
  std::size_t have = 0;
  while (have < wanted) {
    const ssize_t got = ::recv(fd, buffer.data() + have, wanted - have, 0);
    if (got <= 0) die("recv");
    have += static_cast<std::size_t>(got);
  }
  for (std::size_t at = 0; at < wanted; at += reply.size()) {
    if (buffer.compare(at, reply.size(), reply) != 0) die("wrong reply");
  }
}

// Every connection has DEPTH lines under way; whoever has all its replies sends the next ones.
void run_lines(std::uint16_t port, std::size_t connections, std::size_t depth, std::size_t rounds) {
  std::string burst, buffer;
  for (std::size_t i = 0; i < depth; ++i) burst += line;
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::size_t> left(65536, rounds);
  for (std::size_t i = 0; i < connections; ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = connect_to(port);
    if (::epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event) < 0) die("epoll_ctl");
    send_all(event.data.fd, burst);
  }
  const auto begin = std::chrono::steady_clock::now();
  std::size_t open = connections;
  std::vector<epoll_event> events(256);
  while (open > 0) {
    const int ready = ::epoll_wait(poller, events.data(), 256, 10'000);
    if (ready <= 0) die("no reply within 10 s");
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      expect_replies(fd, depth, buffer);
      if (--left[static_cast<std::size_t>(fd)] > 0) {
        send_all(fd, burst);
      } else {
        ::close(fd);
        --open;
      }
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%.0f replies per second\n", static_cast<double>(connections * depth * rounds) / seconds);
}

void run_connects(std::uint16_t port, std::size_t concurrency, std::size_t count) {
  std::string buffer;
  std::vector<int> open;
  for (std::size_t done = 0; done < count; done += open.size()) {
    open.clear();
    for (std::size_t i = 0; i < concurrency && done + i < count; ++i) {
      open.push_back(connect_to(port));
      send_all(open.back(), line);
    }
    for (const int fd : open) expect_replies(fd, 1, buffer);
    for (const int fd : open) ::close(fd);
  }
}

void run_idle(std::uint16_t port, std::size_t count) {
  std::string buffer;
  std::vector<int> open;
  for (std::size_t i = 0; i < count; ++i) {
    open.push_back(connect_to(port));
    send_all(open.back(), line);
    expect_replies(open.back(), 1, buffer);
  }
  std::puts("holding");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  for (const int fd : open) ::close(fd);
}

std::size_t number(const char* text) { return std::strtoul(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const auto port = static_cast<std::uint16_t>(argc > 2 ? number(argv[2]) : 0);
  if (mode == "lines" && argc == 6) {
    run_lines(port, number(argv[3]), number(argv[4]), number(argv[5]));
  } else if (mode == "connects" && argc == 5) {
    run_connects(port, number(argv[3]), number(argv[4]));
  } else if (mode == "idle" && argc == 4) {
    run_idle(port, number(argv[3]));
  } else {
    std::fputs(
        "usage: client lines PORT CONNECTIONS DEPTH ROUNDS | connects PORT CONCURRENCY COUNT | idle PORT "
        "COUNT\n",
        stderr);
    return 64;
  }
  return 0;
}
