// The complete server of docs/protocols.md, as a program of its own: the one that EXAMPLE_SERVER names.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "support/process.hpp"

namespace {

// Runs `program` on a free port. Ended by SIGTERM, at the latest in the destructor.
class ExampleServer {
 public:
  explicit ExampleServer(const char* program) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    output_ = test::Descriptor(ends[0]);
    const test::Descriptor child_end(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, child_end.get(), STDOUT_FILENO);
    std::string name = program, address = "127.0.0.1:0";
    char* arguments[] = {name.data(), address.data(), nullptr};
    const int failure = ::posix_spawn(&pid_, program, &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    REQUIRE(failure == 0);
  }
  ExampleServer(const ExampleServer&) = delete;
  ExampleServer& operator=(const ExampleServer&) = delete;
  ~ExampleServer() { stop(); }

  std::string read_line() const {
    std::string line;
    char byte = 0;
    while (::read(output_.get(), &byte, 1) == 1 && byte != '\n') line += byte;
    return line;
  }

  // The exit status after SIGTERM; -N when signal N ended it.
  int stop() {
    if (pid_ <= 0) return 0;
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
  test::Descriptor output_;
};

}  // namespace

TEST_CASE("the server of twenty lines says where it listens, answers, and drains at SIGTERM") {
  const char* program = std::getenv("EXAMPLE_SERVER");
  REQUIRE_MESSAGE(program != nullptr, "EXAMPLE_SERVER must name the program");
  ExampleServer server(program);
  const std::string line = server.read_line();
  const std::string words = "listening on ";
  REQUIRE(line.starts_with(words));
  test::Client client(line.substr(words.size()));
  CHECK(client.ask("Ada") == "Hello, Ada");
  CHECK(client.ask("Grace") == "Hello, Grace");
  CHECK(server.stop() == 0);
  CHECK(client.read_to_end().empty());  // in order, not broken off
}
