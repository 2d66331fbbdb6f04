// Frames of ended tasks are kept for the next ones: so many, by the thread that freed them, until its end.
#include "event/frame_pool.hpp"

#include <doctest/doctest.h>
#include <malloc.h>

#include <cstddef>
#include <initializer_list>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "reactord/reactor.hpp"
#include "support/no_memory.hpp"
#include "support/skip.hpp"

using reactord::FramePool;
using reactord::Reactor;
using reactord::Task;

namespace {

// A thread of its own has a pool of its own: what other tests have left does not count.
template <typename Body>
void in_a_thread(Body body) {
  std::thread(body).join();
}

bool keeps_none() {
  if (FramePool::keeps_frames) return false;
  test::skip("under AddressSanitizer no frame is kept");
  return true;
}

Task<int> three() { co_return 3; }
Task<int> sum() {
  auto one = co_await three();
  auto other = co_await three();
  co_return one + other;
}
Task<> nothing() { co_return; }

Task<> add_up(std::size_t times, int& total) {
  for (std::size_t time = 0; time < times; ++time) {
    auto six = co_await sum();
    total += six;
  }
}

}  // namespace

TEST_CASE("a frame that has ended is the next one of its size") {
  if (keeps_none()) return;
  in_a_thread([] {
    FramePool& pool = FramePool::of_this_thread();
    for (const std::size_t size : std::initializer_list<std::size_t>{1, 64, 65, 1000, 1024}) {
      CAPTURE(size);
      void* const first = pool.take(size);
      pool.give_back(first, size);
      CHECK(pool.idle_bytes() >= size);
      void* const second = pool.take(size);
      CHECK(second == first);
      CHECK(pool.idle_bytes() == 0);
      ::operator delete(second);
    }
  });
}

TEST_CASE("large frames are the allocator's") {
  in_a_thread([] {
    FramePool& pool = FramePool::of_this_thread();
    for (const std::size_t size : {std::size_t{1025}, std::size_t{100'000}}) {
      pool.give_back(pool.take(size), size);
      CHECK(pool.idle_bytes() == 0);
    }
  });
}

TEST_CASE("what is kept of each size has a bound") {
  if (keeps_none()) return;
  in_a_thread([] {
    FramePool& pool = FramePool::of_this_thread();
    for (const std::size_t size : std::initializer_list<std::size_t>{64, 192, 1024}) {
      CAPTURE(size);
      const std::size_t before = pool.idle_bytes();
      std::vector<void*> taken;
      for (std::size_t bytes = 0; bytes < 2 * FramePool::idle_limit; bytes += size)
        taken.push_back(pool.take(size));
      for (void* frame : taken) pool.give_back(frame, size);
      CHECK(pool.idle_bytes() - before <= FramePool::idle_limit);
      CHECK(pool.idle_bytes() - before > FramePool::idle_limit - size);
    }
  });
}

TEST_CASE("a thread frees what it keeps at its end") {
  if (keeps_none()) return;
  const auto keep_some = [] {
    FramePool& pool = FramePool::of_this_thread();
    constexpr std::size_t size = 1000;
    std::vector<void*> taken;
    for (std::size_t bytes = 0; bytes < FramePool::idle_limit; bytes += size)
      taken.push_back(pool.take(size));
    for (void* frame : taken) pool.give_back(frame, size);
  };
  in_a_thread(keep_some);  // the allocator has an arena for a second thread from now on
  const std::size_t before = ::mallinfo2().uordblks;
  in_a_thread(keep_some);
  CHECK(::mallinfo2().uordblks < before + FramePool::idle_limit / 4);
}

TEST_CASE("a frame that outlives the pool of its thread is freed all the same") {
  in_a_thread([] {
    thread_local std::optional<Task<>> last;  // goes after the pool, which is used later
    last.emplace(nothing());
    { Task<> early = nothing(); }
  });
}

TEST_CASE("a task may end on another thread than it began on") {
  for (int round = 0; round < 100; ++round) {
    std::vector<Task<>> made;
    for (int count = 0; count < 20; ++count) made.push_back(nothing());
    in_a_thread([&made] {
      made.clear();
      Reactor reactor;
      int total = 0;
      reactor.spawn(add_up(10, total));
      CHECK(reactor.run().has_value());
      CHECK(total == 60);
    });
  }
}

TEST_CASE("tasks in steady state allocate nothing, awaited or spawned") {
  if (keeps_none()) return;
  Reactor reactor;
  int total = 0;
  const auto add_up_once = [&] {
    reactor.spawn(add_up(100, total));
    CHECK(reactor.run().has_value());
  };
  add_up_once();
  test::NoMemory refuse(0, test::NoMemory::all);
  add_up_once();
  refuse.end();
  CHECK(refuse.refused() == 0);
  CHECK(total == 1200);
}
