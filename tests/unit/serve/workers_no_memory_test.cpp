// The end of a server on several threads when memory has run out: it can always be asked for.
#include <doctest/doctest.h>

#include <thread>
#include <utility>

#include "support/no_memory.hpp"
#include "unit/serve/workers_stage.hpp"

using reactord::Server;
using test::NoMemory;
using test::WorkersStage;

namespace {

static_assert(noexcept(std::declval<reactord::Workers&>().stop()));
static_assert(noexcept(std::declval<reactord::Workers&>().kill()));

// Asks for it in the calling thread, which has no memory.
template <typename End>
void ask_without_memory(reactord::Workers& workers, End end) {
  NoMemory refuse(0, NoMemory::all);
  end(workers);
  end(workers);
  refuse.end();
  CHECK(refuse.refused() == 0);
}

void stop(reactord::Workers& workers) { workers.stop(); }
void kill(reactord::Workers& workers) { workers.kill(); }

}  // namespace

TEST_CASE("before run, both are asked for without memory") {
  for (auto* const end : {stop, kill}) {
    WorkersStage stage;
    stage.listen();
    ask_without_memory(stage.workers, end);
    stage.run();
    CHECK(stage.accepted() == 0);
  }
}

TEST_CASE("a thread of it, and any other, asks for both without memory") {
  for (auto* const end : {stop, kill}) {
    WorkersStage stage;
    stage.listen();
    stage.workers.post(1, [&](Server&) { ask_without_memory(stage.workers, end); });
    stage.run();
  }
  for (auto* const end : {stop, kill}) {
    WorkersStage stage;
    stage.listen();
    std::thread other([&] { ask_without_memory(stage.workers, end); });
    stage.run();
    other.join();
  }
}

TEST_CASE("work that was posted before stop runs before it") {
  WorkersStage stage({.threads = 1});
  stage.listen();
  bool was_draining = true;
  stage.workers.post(0, [&](Server& server) { was_draining = server.is_draining(); });
  stage.workers.stop();
  stage.run();
  CHECK_FALSE(was_draining);
}
