// Every errno that the manual pages name, injected once below a live server: the loop goes on and does not spin, a later
// client is served, nothing is lost or leaked, and exactly one thing is reported, or nothing where nothing happened.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reactord/server.hpp"
#include "reactord/signals.hpp"
#include "support/fail_next.hpp"
#include "support/loopback.hpp"
#include "support/recording_observer.hpp"

using reactord::Address;
using reactord::EndCause;
using reactord::Error;
using reactord::Reactor;
using reactord::Server;
using test::Call;
using test::FailNext;
using test::RecordingObserver;
using namespace std::chrono_literals;

namespace {

struct Echo final : reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override { reply.write(line, "\n"); }
};

std::vector<int> numbers_of(const std::vector<Error>& errors) {
  std::vector<int> numbers;
  for (const Error& error : errors) numbers.push_back(error.system_errno());
  return numbers;
}

// What becomes of the client that meets the error, and what is reported.
enum class Outcome {
  nothing,  // it is served, nothing is reported
  pause,    // the listener has paused, then it is served
  lost,     // the same, but the client has gone
  end,      // its connection has ended, with this errno
  wait      // the loop has paused, then it is served
};

// A client in a thread of its own, blocking, so that the loop turns only where it has something to do. By read(2) and
// write(2): recv and send are those that fail.
class Client {
 public:
  explicit Client(const Address& address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_storage storage{};
    const unsigned length = address.to_socket_address(storage);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  // The answer to a line; "" if the connection has ended. A last line is followed by FIN.
  std::string ask(const std::string& line, bool is_last = false) {
    if (!connected_ || ::write(fd_, line.data(), line.size()) < 0) return {};
    if (is_last) ::shutdown(fd_, SHUT_WR);
    std::string answer;
    char byte = 0;
    while (!answer.ends_with('\n')) {
      const ssize_t count = ::read(fd_, &byte, 1);
      if (count < 0 && errno == EAGAIN) return "timeout";
      if (count <= 0) return {};
      answer += byte;
    }
    return answer;
  }
  // Finishes, and waits until the server has.
  void leave() {
    ::shutdown(fd_, SHUT_WR);
    char byte = 0;
    while (::read(fd_, &byte, 1) > 0) continue;
  }

 private:
  int fd_;
  bool connected_ = false;
};

struct Talk {
  std::string first, later;
};

// The first client meets the error. Where its answer can't be sent it must not wait for one.
Talk talk(const Address& address, bool answer_is_lost) {
  Talk heard;
  {
    Client first(address);
    heard.first = first.ask("first\n", answer_is_lost);
    if (!heard.first.empty()) first.leave();
  }
  Client later(address);
  heard.later = later.ask("later\n");
  later.leave();
  return heard;
}

void check_reports(const RecordingObserver& observer, Outcome outcome, int number) {
  const std::vector<int> once{number}, never;
  CHECK(numbers_of(observer.accept_pauses) ==
        (outcome == Outcome::pause || outcome == Outcome::lost ? once : never));
  CHECK(numbers_of(observer.wait_failures) == (outcome == Outcome::wait ? once : never));
  CHECK(observer.listener_failures.empty());
  auto ends = observer.ends;
  REQUIRE(ends.size() == (outcome == Outcome::lost ? 1 : 2));
  if (outcome == Outcome::end) {
    const bool reset = number == ECONNRESET || number == EPIPE;
    CHECK(ends.front().cause == (reset ? EndCause::reset : EndCause::error));
    CHECK(ends.front().error == number);
    ends.erase(ends.begin());
  }
  for (const auto& end : ends) {
    CHECK(end.cause == EndCause::eof);
    CHECK(end.error == 0);
  }
}

void inject(Call call, int number, Outcome outcome) {
  CAPTURE(std::string(::strerrorname_np(number)));
  const test::DescriptorCheck descriptors;
  RecordingObserver observer;
  Echo echo;
  Reactor reactor;
  Server server(reactor, {.limits = {}, .observer = &observer});
  const auto address = server.listen("127.0.0.1:0", echo);
  REQUIRE(address.has_value());
  std::optional<FailNext> fail(std::in_place, call, number);
  Talk heard;
  std::thread client([&] {
    heard = talk(*address, false);
    reactor.post([&] { server.drain(1s); });
  });
  const auto ran = reactor.run();
  client.join();
  REQUIRE(ran.has_value());
  CHECK(fail->happened());
  CHECK(heard.first == (outcome == Outcome::end || outcome == Outcome::lost ? "" : "first\n"));
  CHECK(heard.later == "later\n");
  check_reports(observer, outcome, number);
  CHECK(reactor.turns() <= 40);  // two clients, a pause, the drain; a spin makes thousands
  CHECK(server.open_connections() == 0);
  CHECK(reactor.open_descriptors() == 0);
}

void inject_each(Call call, Outcome outcome, std::initializer_list<int> numbers) {
  for (const int number : numbers) inject(call, number, outcome);
}

// listen() says what it was, nothing is left of the attempt, and the next one succeeds.
void refuse_to_listen(Call call, const char* name, std::initializer_list<int> numbers,
                      const char* where = "127.0.0.1:0") {
  for (const int number : numbers) {
    CAPTURE(std::string(name) + ' ' + ::strerrorname_np(number));
    const test::DescriptorCheck descriptors;
    Echo echo;
    Reactor reactor;
    Server server(reactor);
    const FailNext fail(call, number);
    const std::size_t before = test::open_descriptors();
    const auto refused = server.listen(where, echo);
    CHECK(fail.happened());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().system_errno() == number);
    CHECK(refused.error().text().find(std::string(name) + ": ") != std::string::npos);
    CHECK(test::open_descriptors() == before);
    CHECK(server.listen(where, echo).has_value());
  }
}

}  // namespace

TEST_CASE("injected: accept passes over what is one client's affair, and what says nothing") {
  inject_each(Call::accept, Outcome::nothing,
              {EINTR, EAGAIN, ECONNABORTED, EPERM, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
               EHOSTUNREACH, ENETUNREACH, ETIMEDOUT});
}

TEST_CASE("injected: accept pauses at what may pass, and the client is served after it") {
  inject_each(Call::accept, Outcome::pause,
              {EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF, EFAULT, EINVAL, ENOTSOCK, EOPNOTSUPP, ENOSR,
               ESOCKTNOSUPPORT, EPROTONOSUPPORT, EACCES, EIO});
}

TEST_CASE("injected: a connection for which epoll has no room is a pause, and is served after it") {
  inject_each(Call::epoll_ctl, Outcome::pause, {ENOMEM, ENOSPC});
}

TEST_CASE("injected: a connection that epoll does not take is a pause, and goes") {
  inject_each(Call::epoll_ctl, Outcome::lost, {EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM});
}

TEST_CASE("injected: recv and send that say nothing are asked again") {
  inject_each(Call::recv, Outcome::nothing, {EINTR, EAGAIN});
  inject_each(Call::send, Outcome::nothing, {EINTR, EAGAIN});
}

TEST_CASE("injected: recv that fails ends that connection, with its errno") {
  inject_each(
      Call::recv, Outcome::end,
      {ECONNRESET, EBADF, ECONNREFUSED, EFAULT, EINVAL, ENOMEM, ENOTCONN, ENOTSOCK, ETIMEDOUT, EHOSTUNREACH});
}

TEST_CASE("injected: send that fails ends that connection, with its errno") {
  inject_each(Call::send, Outcome::end,
              {EPIPE, ECONNRESET, EACCES, EALREADY, EBADF, EDESTADDRREQ, EFAULT, EINVAL, EISCONN, EMSGSIZE,
               ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, ETIMEDOUT});
}

TEST_CASE("injected: a wait that fails is reported and tried again, an interrupted one is nothing") {
  inject_each(Call::epoll_wait, Outcome::nothing, {EINTR});
  inject_each(Call::epoll_wait, Outcome::wait, {EBADF, EFAULT, EINVAL, ENOMEM});
}

TEST_CASE("injected: what refuses a listener is named, and leaves nothing behind") {
  refuse_to_listen(Call::socket, "socket",
                   {EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT});
  refuse_to_listen(Call::bind, "bind",
                   {EACCES, EADDRINUSE, EBADF, EINVAL, ENOTSOCK, EADDRNOTAVAIL, EFAULT, ENOMEM});
  refuse_to_listen(Call::bind, "bind", {ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EROFS, EACCES}, "unix:@");
  refuse_to_listen(Call::listen, "listen", {EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP});
  refuse_to_listen(Call::epoll_ctl, "epoll_ctl", {ENOMEM, ENOSPC, EBADF, EEXIST, EINVAL, EPERM});
}

TEST_CASE("injected: an interrupted socket, bind or listen is repeated") {
  for (const Call call : {Call::socket, Call::bind, Call::listen}) {
    const test::DescriptorCheck descriptors;
    Echo echo;
    Reactor reactor;
    Server server(reactor);
    const FailNext fail(call, EINTR);
    CHECK(server.listen("127.0.0.1:0", echo).has_value());
    CHECK(fail.happened());
  }
}

TEST_CASE("injected: a reactor without its descriptors says so in run, and in listen") {
  static constexpr auto nothing = []() -> reactord::Task<> { co_return; };
  for (const int number : {EMFILE, ENFILE, ENOMEM, EINVAL}) {
    for (const auto& [call, name] : {std::pair{Call::epoll_create1, "epoll_create1: "},
                                     {Call::eventfd, "eventfd: "},
                                     {Call::epoll_ctl, "epoll_ctl: "}}) {
      const test::DescriptorCheck descriptors;
      std::optional<FailNext> fail(std::in_place, call, number);
      Reactor reactor;
      CHECK(fail->happened());
      reactor.spawn(nothing());
      const auto ran = reactor.run();
      REQUIRE_FALSE(ran.has_value());
      CHECK(ran.error().system_errno() == number);
      CHECK(ran.error().text().starts_with(name));
      Echo echo;
      Server server(reactor);
      const auto listening = server.listen("127.0.0.1:0", echo);
      REQUIRE_FALSE(listening.has_value());
      CHECK(listening.error().text().ends_with(ran.error().text()));
      CHECK(reactor.open_descriptors() == 0);
    }
  }
}

TEST_CASE("injected: signals that cannot be watched are an error with the call's name") {
  for (const int number : {EMFILE, ENFILE, ENODEV, ENOMEM, EINVAL}) {
    const test::DescriptorCheck descriptors;
    Reactor reactor;
    const FailNext fail(Call::signalfd, number);
    const auto signals = reactord::Signals::open(reactor, {SIGUSR2});
    REQUIRE_FALSE(signals.has_value());
    CHECK(signals.error().text().starts_with("signalfd: "));
  }
}
