// What level-triggered epoll(7) says of a socket or pipe whose peer is gone: the facts behind the other trap
// tests. Each row is provoked, polled three times with nothing changed in between, and held against what this
// kernel is known to say. A row that repeats for ever is why the library registers edge-triggered. The
// runner's option --success prints the table.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : fd_(number) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

struct Pair {
  Descriptor ours, theirs;  // of a pipe: the end that is watched, the other one
};

sockaddr_in loopback(std::uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = port;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A bound TCP socket and where it sits. Nothing listens there until listen(2).
sockaddr_in bind_somewhere(int fd) {
  sockaddr_in address = loopback();
  socklen_t length = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return address;
}

Pair tcp() {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = bind_somewhere(listener.fd());
  REQUIRE(::listen(listener.fd(), 1) == 0);
  Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(client.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  Descriptor server(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  REQUIRE(server.fd() >= 0);
  return {std::move(server), std::move(client)};
}

Pair unix_stream() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Pair pipe_reader() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Pair pipe_writer() {
  Pair pair = pipe_reader();
  std::swap(pair.ours, pair.theirs);
  return pair;
}

void send_byte(const Descriptor& from) { REQUIRE(::write(from.fd(), "x", 1) == 1); }
void send_urgent(const Descriptor& from) { REQUIRE(::send(from.fd(), "!", 1, MSG_OOB) == 1); }
void finish(const Descriptor& from) { REQUIRE(::shutdown(from.fd(), SHUT_WR) == 0); }

void reset(Descriptor& from) {
  const linger at_once{1, 0};
  REQUIRE(::setsockopt(from.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  from.close();
}

// Until the kernel has carried over what the peer did: everything there is to be asked for is asked for.
void settle(const Descriptor& watched, short events) {
  pollfd request{watched.fd(), events, 0};
  constexpr int far_too_long = 10'000;
  REQUIRE(::poll(&request, 1, far_too_long) == 1);
  CHECK((request.revents & events) != 0);
}

std::string name(std::uint32_t events) {
  constexpr std::array<std::pair<std::uint32_t, const char*>, 6> names{{{EPOLLIN, "IN"},
                                                                        {EPOLLPRI, "PRI"},
                                                                        {EPOLLOUT, "OUT"},
                                                                        {EPOLLERR, "ERR"},
                                                                        {EPOLLHUP, "HUP"},
                                                                        {EPOLLRDHUP, "RDHUP"}}};
  std::string text;
  for (const auto& [bit, word] : names) {
    if ((events & bit) != 0) text.append(text.empty() ? "" : "|").append(word);
  }
  return text.empty() ? "-" : text;
}

// Three polls of one registration: "IN IN IN" is an event that level-triggered code meets for ever.
std::string three_polls(const Descriptor& watched, std::uint32_t mask) {
  const Descriptor poller(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event asked{};
  asked.events = mask;
  REQUIRE(::epoll_ctl(poller.fd(), EPOLL_CTL_ADD, watched.fd(), &asked) == 0);
  std::string text;
  for (int poll = 0; poll < 3; ++poll) {
    epoll_event event{};
    const int count = ::epoll_wait(poller.fd(), &event, 1, 0);
    REQUIRE(count >= 0);
    text.append(poll == 0 ? "" : " ").append(name(count == 0 ? 0 : event.events));
  }
  return text;
}

void hold(const char* situation, const std::string& said, const std::string& expected) {
  CAPTURE(std::string(situation));
  CHECK(said == expected);
}

int socket_error(const Descriptor& of) {
  int number = 0;
  socklen_t length = sizeof number;
  REQUIRE(::getsockopt(of.fd(), SOL_SOCKET, SO_ERROR, &number, &length) == 0);
  return number;
}

// A nonblocking connect to a port where nobody listens.
Descriptor refused() {
  const Descriptor holder(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = bind_somewhere(holder.fd());
  Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int result = ::connect(client.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int saved = errno;
  REQUIRE(result == -1);
  REQUIRE(saved == EINPROGRESS);
  settle(client, POLLERR);
  return client;
}

}  // namespace

TEST_CASE("event truth table: TCP, nothing asked for") {
  Pair pair = tcp();
  SUBCASE("peer has finished") {
    finish(pair.theirs);
    settle(pair.ours, POLLIN);
    hold("TCP mask 0, peer FIN", three_polls(pair.ours, 0), "- - -");
  }
  SUBCASE("peer has reset") {
    reset(pair.theirs);
    settle(pair.ours, POLLERR);
    hold("TCP mask 0, peer RST", three_polls(pair.ours, 0), "ERR|HUP ERR|HUP ERR|HUP");
    hold("TCP mask 0|ET, peer RST", three_polls(pair.ours, EPOLLET), "ERR|HUP - -");
  }
  SUBCASE("both have finished") {
    finish(pair.ours);
    finish(pair.theirs);
    settle(pair.ours, POLLHUP);
    hold("TCP mask 0, FIN both ways", three_polls(pair.ours, 0), "HUP HUP HUP");
    hold("TCP mask 0|ET, FIN both ways", three_polls(pair.ours, EPOLLET), "HUP - -");
  }
}

TEST_CASE("event truth table: TCP, reading") {
  Pair pair = tcp();
  std::array<char, 8> bytes{};
  SUBCASE("the peer's FIN, asked for by its own bit") {
    finish(pair.theirs);
    settle(pair.ours, POLLIN);
    hold("TCP mask RDHUP, peer FIN", three_polls(pair.ours, EPOLLRDHUP), "RDHUP RDHUP RDHUP");
    hold("TCP mask RDHUP|ET, peer FIN", three_polls(pair.ours, EPOLLRDHUP | EPOLLET), "RDHUP - -");
  }
  SUBCASE("data, then FIN") {
    send_byte(pair.theirs);
    finish(pair.theirs);
    settle(pair.ours, POLLRDHUP);
    hold("TCP mask IN, data then FIN", three_polls(pair.ours, EPOLLIN), "IN IN IN");
  }
  SUBCASE("data, then a reset: the data can be read") {
    send_byte(pair.theirs);
    settle(pair.ours, POLLIN);
    reset(pair.theirs);
    settle(pair.ours, POLLERR);
    hold("TCP mask IN, data then RST", three_polls(pair.ours, EPOLLIN), "IN|ERR|HUP IN|ERR|HUP IN|ERR|HUP");
    CHECK(::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0) == 1);
  }
  SUBCASE("a reset is told once, then it looks like an orderly end") {
    reset(pair.theirs);
    settle(pair.ours, POLLERR);
    const auto first = ::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0);
    const int saved = errno;
    CHECK(first == -1);
    CHECK(saved == ECONNRESET);
    hold("TCP mask IN, RST already told", three_polls(pair.ours, EPOLLIN), "IN|HUP IN|HUP IN|HUP");
    CHECK(::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0) == 0);
  }
}

TEST_CASE("event truth table: TCP, connecting") {
  SUBCASE("refused: writable does not mean connected, and the error is told once") {
    const Descriptor client = refused();
    hold("TCP mask OUT, refused", three_polls(client, EPOLLOUT), "OUT|ERR|HUP OUT|ERR|HUP OUT|ERR|HUP");
    CHECK(socket_error(client) == ECONNREFUSED);
    CHECK(socket_error(client) == 0);
  }
  SUBCASE("never connected") {
    const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    hold("TCP mask OUT, never connected", three_polls(client, EPOLLOUT), "OUT|HUP OUT|HUP OUT|HUP");
  }
}

TEST_CASE("event truth table: unix sockets") {
  Pair pair = unix_stream();
  pair.theirs.close();
  hold("UNIX mask 0, peer closed", three_polls(pair.ours, 0), "HUP HUP HUP");
  hold("UNIX mask 0|ET, peer closed", three_polls(pair.ours, EPOLLET), "HUP - -");
  hold("UNIX mask IN, peer closed", three_polls(pair.ours, EPOLLIN), "IN|HUP IN|HUP IN|HUP");
}

// A receive stops at the mark, and what lies behind it is no news. PRI is told as long as the mark lies ahead.
TEST_CASE("event truth table: urgent bytes") {
  std::array<char, 8> bytes{};
  for (const bool over_tcp : {true, false}) {
    Pair pair = over_tcp ? tcp() : unix_stream();
    send_byte(pair.theirs);
    send_urgent(pair.theirs);
    settle(pair.ours, POLLPRI);
    send_byte(pair.theirs);
    hold("mask IN|PRI, a byte, urgent, a byte", three_polls(pair.ours, EPOLLIN | EPOLLPRI),
         "IN|PRI IN|PRI IN|PRI");
    hold("mask IN|PRI|ET, a byte, urgent, a byte", three_polls(pair.ours, EPOLLIN | EPOLLPRI | EPOLLET),
         "IN|PRI - -");
    CHECK(::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0) == 1);
    hold("mask IN|PRI, at the mark", three_polls(pair.ours, EPOLLIN | EPOLLPRI), "IN|PRI IN|PRI IN|PRI");
    CHECK(::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0) == 1);
    hold("mask IN|PRI, behind the mark", three_polls(pair.ours, EPOLLIN | EPOLLPRI), "- - -");
  }
}

// Only recvmsg(2) says that it has stopped behind descriptors: MSG_CTRUNC, where there was no room for them.
TEST_CASE("event truth table: a unix socket with descriptors among the bytes is readable, and no more") {
  Pair pair = unix_stream();
  std::array<char, 8> bytes{};
  iovec room{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  REQUIRE(::sendmsg(pair.theirs.fd(), &message, 0) == 8);
  send_byte(pair.theirs);
  hold("UNIX mask IN|PRI, descriptors", three_polls(pair.ours, EPOLLIN | EPOLLPRI), "IN IN IN");
  msghdr taken{};
  taken.msg_iov = &room;
  taken.msg_iovlen = 1;
  std::array<char, 16> enough{};
  room = {enough.data(), enough.size()};
  CHECK(::recvmsg(pair.ours.fd(), &taken, 0) == 8);
  CHECK((taken.msg_flags & MSG_CTRUNC) != 0);
  CHECK(::recvmsg(pair.ours.fd(), &taken, 0) == 1);
  CHECK((taken.msg_flags & MSG_CTRUNC) == 0);
}

// After shutdown(SHUT_RD) a receive of 0 is no FIN of the peer, and behind our own FIN the peer's bytes become a reset.
TEST_CASE("event truth table: TCP, reading shut down by ourselves") {
  Pair pair = tcp();
  std::array<char, 8> bytes{};
  REQUIRE(::shutdown(pair.ours.fd(), SHUT_RD) == 0);
  hold("TCP mask IN|RDHUP, our SHUT_RD", three_polls(pair.ours, EPOLLIN | EPOLLRDHUP),
       "IN|RDHUP IN|RDHUP IN|RDHUP");
  CHECK(::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0) == 0);
  send_byte(pair.theirs);
  while (::recv(pair.ours.fd(), bytes.data(), bytes.size(), 0) == 0) continue;  // it is received all the same
  finish(pair.ours);
  settle(pair.theirs, POLLRDHUP);
  send_byte(pair.theirs);
  settle(pair.theirs, POLLERR);
  CHECK(socket_error(pair.theirs) == EPIPE);  // a reset, to who has read our FIN
}

TEST_CASE("event truth table: pipes") {
  SUBCASE("end of file is HUP without IN") {
    Pair pair = pipe_reader();
    pair.theirs.close();
    hold("PIPE read end mask IN, writer gone", three_polls(pair.ours, EPOLLIN), "HUP HUP HUP");
    hold("PIPE read end mask 0, writer gone", three_polls(pair.ours, 0), "HUP HUP HUP");
  }
  SUBCASE("a byte before it is IN too") {
    Pair pair = pipe_reader();
    send_byte(pair.theirs);
    pair.theirs.close();
    hold("PIPE read end mask IN, byte then writer gone", three_polls(pair.ours, EPOLLIN),
         "IN|HUP IN|HUP IN|HUP");
  }
  SUBCASE("a broken pipe is ERR, not HUP") {
    Pair pair = pipe_writer();
    pair.theirs.close();
    hold("PIPE write end mask 0, reader gone", three_polls(pair.ours, 0), "ERR ERR ERR");
    hold("PIPE write end mask OUT, reader gone", three_polls(pair.ours, EPOLLOUT), "OUT|ERR OUT|ERR OUT|ERR");
  }
}
