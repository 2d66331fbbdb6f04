// run_inetd() with a protocol of the test's own, in a child whose standard input is the connection.
#include "daemon/inetd.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include "support/process.hpp"
#include "support/reactord_program.hpp"

namespace {

class Throws final : public reactord::LineHandler {
  void on_line(std::string_view, reactord::Reply& reply) override {
    reply.write("before\n");
    throw std::runtime_error("this protocol fails");
  }
};

reactord::AnyHandler throwing_protocol() {
  static Throws handler;
  return handler;
}

std::string read_to_end(const test::Descriptor& from) {
  std::string text;
  std::array<char, 4096> bytes{};
  for (ssize_t count; (count = ::read(from.get(), bytes.data(), bytes.size())) > 0;)
    text.append(bytes.data(), static_cast<std::size_t>(count));
  return text;
}

// The status, or -1. A child that ends otherwise is ended by the test program's own limit on time.
int run_in_child(const reactord::Protocol& protocol, int connection, int errors) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(connection, STDIN_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::_exit(reactord::run_inetd(reactord::Options(test::reactord_program()), protocol));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("--inetd: an exception out of a protocol is in the log, as with the daemon") {
  std::array<int, 2> ends{}, pipe{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  const test::Descriptor client(ends[0]), log(pipe[0]);
  test::Descriptor lent(ends[1]), log_end(pipe[1]);
  REQUIRE(::write(client.get(), "x\n", 2) == 2);
  REQUIRE(::shutdown(client.get(), SHUT_WR) == 0);
  const reactord::Protocol protocol{"throwing", "", throwing_protocol};
  CHECK(run_in_child(protocol, lent.get(), log_end.get()) == 0);
  lent.close();
  log_end.close();
  CHECK(read_to_end(client) == "before\n");
  const std::string text = read_to_end(log);
  CAPTURE(text);
  CHECK(text.find("level=error event=handler-failed protocol=throwing peer=unix:@ pid=" +
                  std::to_string(::getpid()) + " uid=" + std::to_string(::geteuid()) +
                  " error=\"this protocol fails\"\n") != text.npos);
  CHECK(text.find(" cause=error ") != text.npos);
}
