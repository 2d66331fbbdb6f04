// floor: the least that a line server on epoll can do, to measure the daemon against (tests/bench/side-by-side).
// It answers each line with "Server: " and the line; a client that takes nothing is not read from. It has no timers,
// no limits, no statistics, no log, no drain: what the daemon costs above this is the price of those.
//
//     floor [PORT]    listens on 127.0.0.1, on a free port without PORT; prints the port; ends by a signal
//
// In a steady state a wake-up is one epoll_wait, one recv, one send; a connection is one epoll_ctl.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view prefix = "Server: ";
constexpr std::size_t read_size = 64 * 1024;
constexpr int events_at_once = 256;

struct Connection {
  int fd = -1;
  bool has_ended = false;  // the peer sends nothing more
  std::string partial;     // the beginning of a line
  std::string unsent;      // what the kernel did not take yet
};

// Storage of the loop, for whichever connection is being served.
char input[read_size];
std::string replies;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

void answer(Connection& connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
    if (newline == nullptr) {
      connection.partial += bytes;
      return;
    }
    const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data()) + 1;
    replies += prefix;
    if (!connection.partial.empty()) {
      replies += connection.partial;
      connection.partial.clear();
    }
    replies += bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
}

// False: the connection is broken.
bool send_replies(Connection& connection, std::string_view bytes) {
  const ssize_t sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  const std::size_t gone = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  if (gone < bytes.size()) connection.unsent.assign(bytes.substr(gone));
  return true;
}

// Reads until the kernel has no more; a short read says so without a further call, except before an end of file.
// False: the connection is over.
bool read_lines(Connection& connection, bool end_is_near) {
  while (connection.unsent.empty() && !connection.has_ended) {
    const ssize_t got = ::recv(connection.fd, input, sizeof input, 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) {
      connection.has_ended = true;
      break;
    }
    replies.clear();
    answer(connection, std::string_view(input, static_cast<std::size_t>(got)));
    if (!replies.empty() && !send_replies(connection, replies)) return false;
    if (static_cast<std::size_t>(got) < sizeof input && !end_is_near) break;
  }
  return !connection.has_ended || !connection.unsent.empty();
}

bool serve(Connection& connection, std::uint32_t events) {
  bool was_blocked = false;
  if (!connection.unsent.empty()) {
    if ((events & EPOLLOUT) == 0) return (events & (EPOLLERR | EPOLLHUP)) == 0;
    const std::string rest = std::move(connection.unsent);
    connection.unsent.clear();
    if (!send_replies(connection, rest)) return false;
    was_blocked = true;  // what came meanwhile has had its edge
  }
  if (!was_blocked && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return true;
  return read_lines(connection, was_blocked || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) die("bind");
  if (::listen(fd, SOMAXCONN) < 0) die("listen");
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) die("getsockname");
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

void watch(int poller, int fd, std::uint32_t events, Connection* connection) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = connection;
  if (::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

void accept_all(int poller, int listener) {
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno == EAGAIN) return;
      if (errno == ECONNABORTED) continue;
      die("accept4");
    }
    auto* connection = new Connection;
    connection->fd = fd;
    watch(poller, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, connection);
  }
}

}  // namespace

int main(int argc, char** argv) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  const int listener = listen_on(argc > 1 ? static_cast<std::uint16_t>(std::atoi(argv[1])) : 0);
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) die("epoll_create1");
  watch(poller, listener, EPOLLIN, nullptr);
  epoll_event events[events_at_once];
  while (true) {
    const int count = ::epoll_wait(poller, events, events_at_once, -1);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection == nullptr) {
        accept_all(poller, listener);
      } else if (!serve(*connection, events[i].events)) {
        ::close(connection->fd);  // and so it leaves the poller
        delete connection;
      }
    }
  }
}
