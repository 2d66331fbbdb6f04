// A server on several threads, over real sockets: who serves whom, and how all of it ends.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/process.hpp"
#include "unit/serve/workers_stage.hpp"

using reactord::Conn;
using reactord::Context;
using reactord::EndCause;
using reactord::Server;
using reactord::Task;
using reactord::Workers;
using test::WorkersStage;
using namespace std::chrono_literals;

namespace {

// Reads to the end, and goes on.
class UntilKilled final : public reactord::StreamHandler {
  Task<> serve(Conn& conn, Context&) override {
    std::string piece(100, '\0');
    while (true) {
      auto read = co_await conn.read(std::span(piece));
      if (!read) break;
    }
    auto slept = co_await conn.reactor().sleep(500ms);
    CHECK(slept.has_value());
  }
};

// Runs beside run(): the caller's thread waits there.
class Beside {
 public:
  explicit Beside(std::function<void()> body) : thread_([body = std::move(body)] { call(body); }) {}
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() { thread_.join(); }

 private:
  static void call(const std::function<void()>& body) {
    try {
      body();
    } catch (const std::exception& failure) {
      FAIL_CHECK(failure.what());
    }
  }
  std::thread thread_;
};

}  // namespace

TEST_CASE("each connection is served by one thread, and the counts add up") {
  constexpr std::size_t clients = 64, lines = 10;
  WorkersStage stage;
  const std::string address = stage.listen();
  std::vector<std::set<std::string>> answers(clients);
  {
    Beside beside([&] {
      std::vector<test::Client> all;
      for (std::size_t client = 0; client < clients; ++client) all.emplace_back(address);
      for (std::size_t line = 0; line < lines; ++line)
        for (std::size_t client = 0; client < clients; ++client) answers[client].insert(all[client].ask("x"));
      all.clear();
      stage.workers.stop();
    });
    stage.run();
  }
  std::vector<std::size_t> served(4);
  for (const auto& given : answers) {
    REQUIRE(given.size() == 1);
    ++served.at(std::stoul(*given.begin()));
  }
  CHECK(stage.accepted() == clients);
  std::set<std::thread::id> threads;
  for (std::size_t index = 0; index < 4; ++index) {
    CHECK(stage.workers.server(index).accepted() == served[index]);
    CHECK(stage.handlers[index]->lines == lines * served[index]);
    CHECK(stage.handlers[index]->threads.size() == (served[index] > 0 ? 1 : 0));
    threads.merge(stage.handlers[index]->threads);
  }
  CHECK(threads.size() > 1);  // all by one: once in 4 to the power of 63
  CHECK(!threads.contains(std::this_thread::get_id()));
  CHECK(stage.ended(EndCause::eof) + stage.ended(EndCause::drained) == clients);
}

TEST_CASE("one stop drains every thread: received lines are answered, then each client reads the end") {
  constexpr std::size_t clients = 32;
  WorkersStage stage;
  const std::string address = stage.listen();
  std::size_t answered = 0, ended = 0;
  {
    Beside beside([&] {
      std::vector<test::Client> all;
      for (std::size_t client = 0; client < clients; ++client) all.emplace_back(address);
      for (test::Client& client : all) client.ask("served");
      for (test::Client& client : all) {
        client.send("last\n");
        client.wait_until_received();
      }
      stage.workers.stop();
      for (test::Client& client : all) {
        answered += client.read_line().size() == 2 ? 1 : 0;
        ended += client.read_to_end().empty() ? 1 : 0;
      }
    });
    stage.run();
  }
  CHECK(answered == clients);
  CHECK(ended == clients);
  CHECK(stage.ended(EndCause::drained) == clients);
}

TEST_CASE("a drain of all threads that takes too long kills the rest") {
  WorkersStage stage({.threads = 2, .drain_timeout = 50ms});
  auto address = stage.workers.listen(
      "127.0.0.1:0", [](std::size_t, Server&) { return std::make_unique<UntilKilled>(); }, "endless");
  REQUIRE(address.has_value());
  bool was_open = false;
  {
    Beside beside([&] {
      test::Client client(address->text());
      stage.workers.stop();
      client.read_to_end();
      was_open = true;
    });
    stage.run();
  }
  CHECK(was_open);
  CHECK(stage.ended(EndCause::killed) == 1);
}

TEST_CASE("kill ends every thread at once") {
  WorkersStage stage({.threads = 2});
  const std::string address = stage.listen();
  {
    Beside beside([&] {
      test::Client client(address);
      client.ask("x");
      stage.workers.kill();
      client.read_to_end();
    });
    stage.run();
  }
  CHECK(stage.ended(EndCause::killed) == 1);
}

TEST_CASE("SIGTERM drains every thread; the threads block all signals") {
  WorkersStage stage;
  const std::string address = stage.listen();
  stage.mask.block(SIGTERM);  // for the client's thread
  std::atomic<int> blocked = 0;
  for (std::size_t index = 0; index < 4; ++index)
    stage.workers.post(index, [&blocked](Server&) {
      sigset_t mask;
      ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
      for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) blocked += sigismember(&mask, number);
    });
  bool ended_in_order = false;
  {
    Beside beside([&] {
      test::Client client(address);
      client.ask("x");
      ::kill(::getpid(), SIGTERM);
      ended_in_order = client.read_to_end().empty();
    });
    stage.run();
  }
  CHECK(ended_in_order);
  CHECK(blocked == 4 * 4);
  CHECK(stage.ended(EndCause::drained) == 1);
  sigset_t mine;
  REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &mine) == 0);
  CHECK(sigismember(&mine, SIGTERM) == 1);
  CHECK(sigismember(&mine, SIGHUP) == 0);  // as it was
}

TEST_CASE("posted work runs once, in the thread that it is for") {
  WorkersStage stage;
  stage.listen();
  std::vector<std::thread::id> ran_in(4);
  std::atomic<int> left = 4;
  for (std::size_t index = 0; index < 4; ++index)
    stage.workers.post(index, [&, index](Server& server) {
      CHECK(&server == &stage.workers.server(index));
      ran_in[index] = std::this_thread::get_id();
      if (--left == 0) stage.workers.stop();  // from one of the threads
    });
  stage.run();
  std::set<std::thread::id> threads(ran_in.begin(), ran_in.end());
  CHECK(threads.size() == 4);
  CHECK(!threads.contains(std::this_thread::get_id()));
  CHECK(!threads.contains(std::thread::id()));
}

TEST_CASE("what is posted after the threads have ended runs by the end of Workers") {
  int ran = 0;
  {
    WorkersStage stage;
    stage.listen();
    stage.workers.stop();  // before run(): as soon as it runs
    stage.run();
    stage.workers.post(1, [&ran](Server& server) {
      ++ran;
      server.drain(1s);
    });
    stage.workers.stop();
    stage.workers.kill();
    CHECK(ran == 0);
  }
  CHECK(ran == 1);
}

TEST_CASE("Workers that never run let go of all they have") {
  WorkersStage stage;
  stage.listen();
  stage.workers.stop();
}

TEST_CASE(
    "each server has the options that are made for its thread; zero threads are one for each processor") {
  std::vector<std::size_t> asked;
  Workers workers({.server_options = [&asked](std::size_t index) {
    asked.push_back(index);
    return reactord::ServerOptions();
  }});
  CHECK(workers.threads() == std::thread::hardware_concurrency());
  REQUIRE(asked.size() == workers.threads());
  CHECK(asked.back() == workers.threads() - 1);
}
