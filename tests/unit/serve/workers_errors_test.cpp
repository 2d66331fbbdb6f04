// What fails before a server on several threads begins, and a thread that fails while it serves.
#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>

#include "support/fail_next.hpp"
#include "support/process.hpp"
#include "unit/serve/workers_stage.hpp"

using reactord::Reactor;
using reactord::Server;
using test::Numbered;
using test::WorkersStage;

namespace {

std::size_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace

TEST_CASE("an address in use is an error before any thread runs, and leaves nothing behind") {
  WorkersStage stage;
  const std::size_t threads = threads_of_process();
  Reactor other;
  auto taken = reactord::listen(other, "tcp", "127.0.0.1:0");
  REQUIRE(taken.has_value());
  const std::string address = taken->local_addr().text();
  int made = 0;
  const auto make = [&made](std::size_t index, Server&) {
    ++made;
    return std::make_unique<Numbered>(index);
  };
  auto refused = stage.workers.listen(address, make);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text() == "listen tcp " + address + ": bind: address already in use");
  CHECK(made == 0);
  CHECK(threads_of_process() == threads);

  SUBCASE("so the same address can be tried again") {
    REQUIRE(taken->close().has_value());
    auto listening = stage.workers.listen(address, make);
    REQUIRE(listening.has_value());
    CHECK(listening->text() == address);
    CHECK(made == 4);
  }
  SUBCASE("and with nothing to serve run() returns") { stage.run(); }
}

TEST_CASE("what the maker of a handler throws leaves listen, and nobody listens") {
  WorkersStage stage;
  Reactor other;
  auto free_one = reactord::listen(other, "tcp", "127.0.0.1:0");
  REQUIRE(free_one.has_value());
  const std::string address = free_one->local_addr().text();
  REQUIRE(free_one->close().has_value());
  CHECK_THROWS_AS(static_cast<void>(stage.workers.listen(address,
                                                         [](std::size_t index, Server&) {
                                                           if (index == 2)
                                                             throw std::runtime_error("no handler");
                                                           return std::make_unique<Numbered>(index);
                                                         })),
                  std::runtime_error);
  auto again = reactord::listen(other, "tcp", address);
  CHECK(again.has_value());
}

TEST_CASE("a unix socket is one thread's") {
  test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  const auto make = [](std::size_t index, Server&) { return std::make_unique<Numbered>(index); };
  WorkersStage several({.threads = 2});
  auto refused = several.workers.listen("unix:" + path, make);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text() ==
        "listen unix " + path + ": threads can't share a unix socket: use tcp, or one thread");
  WorkersStage one({.threads = 1});
  auto listening = one.workers.listen("unix:" + path, make);
  CHECK(listening.has_value());
}

TEST_CASE("an address that can't be read is told as a Server tells it") {
  WorkersStage stage;
  auto refused = stage.workers.listen(
      "localhost", [](std::size_t index, Server&) { return std::make_unique<Numbered>(index); });
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().text() == "listen tcp: address localhost: missing port in address");
}

TEST_CASE("when one thread fails the others drain, and its error is told") {
  WorkersStage stage({.threads = 3});
  const std::string address = stage.listen();
  std::optional<test::FailNext> fail;
  stage.workers.post(
      1, [&fail](Server&) { fail.emplace(test::Call::epoll_wait, EBADF, Reactor::failed_waits); });
  auto ran = stage.workers.run();
  REQUIRE_FALSE(ran.has_value());
  CHECK(ran.error().text() == "epoll_wait: bad file descriptor");
  CHECK(fail->happened());
  CHECK(stage.workers.server(0).is_draining());
  CHECK(stage.workers.server(2).is_draining());
}

TEST_CASE("Workers run once") {
  WorkersStage stage({.threads = 2});
  stage.run();  // nothing to serve
  auto again = stage.workers.run();
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error() == reactord::ErrorCode::busy);
}

TEST_CASE("without descriptors for signals no thread is started") {
  WorkersStage stage({.threads = 2});
  stage.listen();
  const test::FailNext fail(test::Call::signalfd, EMFILE);
  auto ran = stage.workers.run();
  REQUIRE_FALSE(ran.has_value());
  CHECK(ran.error().text() == "signalfd: too many open files");
}
