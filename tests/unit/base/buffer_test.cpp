// Buffer against std::string as its model, and the pool that its storage comes from.
#include "reactord/buffer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

using reactord::Buffer;
using reactord::BufferPool;

namespace {

// The limit holds for each of the capacities.
constexpr std::size_t most_idle = BufferPool::classes * BufferPool::idle_limit;

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_);
  }

  // Every magnitude up to `limit` as often as the others.
  std::size_t size(std::size_t limit) {
    std::size_t magnitude = 1;
    while (magnitude < limit && below(4) != 0) magnitude *= 4;
    return below(std::min(magnitude, limit) + 1);
  }
  std::string bytes(std::size_t count) {
    std::string text(count, '\0');
    for (char& c : text) c = static_cast<char>(below(256));
    return text;
  }

 private:
  std::mt19937 engine_;
};

struct Modelled {
  Buffer buffer;
  std::string model;

  void append(BufferPool& pool, Random& random) {
    const std::string one = random.bytes(random.size(40'000)), two = random.bytes(random.size(40));
    buffer.append(pool, one, std::string_view(two), "literal");
    model += one + two + "literal";
  }

  void prepare_and_commit(BufferPool& pool, Random& random) {
    const std::size_t wanted = random.size(100'000);
    const std::span<char> room = buffer.prepare(pool, wanted);
    CHECK(room.size() >= wanted);
    const std::string bytes = random.bytes(random.size(std::min<std::size_t>(room.size(), 5000)));
    std::ranges::copy(bytes, room.begin());
    buffer.commit(bytes.size());
    model += bytes;
    buffer.consume(0);  // gives unused storage back
  }

  void consume(Random& random) {
    const std::size_t count = std::min(random.size(200'000), model.size());
    buffer.consume(count);
    model.erase(0, count);
  }

  void check() const {
    REQUIRE(buffer.size() == model.size());
    REQUIRE(buffer.view() == model);
    CHECK(buffer.empty() == model.empty());
    CHECK(buffer.capacity() >= model.size());
    if (model.empty()) CHECK(buffer.capacity() == 0);
  }
};

void random_operations(unsigned seed) {
  CAPTURE(seed);
  Random random(seed);
  BufferPool pool;
  {
    std::vector<Modelled> several(3);
    for (int round = 0; round < 2000; ++round) {
      Modelled& one = several[random.below(several.size())];
      Modelled& other = several[random.below(several.size())];
      switch (random.below(8)) {
        case 0:
        case 1:
          one.append(pool, random);
          break;
        case 2:
          one.prepare_and_commit(pool, random);
          break;
        case 3:
        case 4:
        case 5:
          one.consume(random);
          break;
        case 6:
          one.buffer.shrink(pool);
          break;
        default:
          if (&one == &other) break;
          one.buffer = std::move(other.buffer);
          one.model = std::exchange(other.model, {});
          other.check();
      }
      one.check();
      std::size_t held = 0;
      for (const Modelled& each : several) held += each.buffer.capacity();
      REQUIRE(pool.bytes_in_use() == held);
      REQUIRE(pool.bytes_idle() <= most_idle);
    }
  }
  CHECK(pool.bytes_in_use() == 0);
}

}  // namespace

TEST_CASE("random operations leave what a string would hold") {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) random_operations(seed);
}

TEST_CASE("an empty buffer owns nothing") {
  CHECK(sizeof(Buffer) == sizeof(void*));
  BufferPool pool;
  Buffer buffer;
  CHECK(buffer.capacity() == 0);
  CHECK(buffer.view().empty());
  buffer.consume(0);
  buffer.clear();
  buffer.shrink(pool);
  CHECK(pool.bytes_in_use() == 0);

  buffer.append(pool, "x");
  const std::size_t borrowed = buffer.capacity();
  CHECK(pool.bytes_in_use() == borrowed);
  buffer.consume(1);
  CHECK(buffer.capacity() == 0);
  CHECK(pool.bytes_in_use() == 0);
  CHECK(pool.bytes_idle() == borrowed);
}

TEST_CASE("storage that was given back is used again, the warmest first") {
  BufferPool pool;
  Buffer first, second;
  first.append(pool, "first");
  second.append(pool, "second");
  const char* warmest = second.view().data();
  first.clear();
  second.clear();
  const std::size_t idle = pool.bytes_idle();
  Buffer third;
  third.append(pool, "third");
  CHECK(third.view().data() == warmest);
  CHECK(pool.bytes_idle() == idle / 2);
}

TEST_CASE("after a burst the pool keeps no more than its limit") {
  BufferPool pool;
  {
    const std::string bytes(10'000, 'b');
    std::vector<Buffer> burst(1000);
    for (Buffer& buffer : burst) buffer.append(pool, bytes);
    CHECK(pool.bytes_in_use() >= 1000 * bytes.size());
  }
  CHECK(pool.bytes_in_use() == 0);
  CHECK(pool.bytes_idle() <= BufferPool::idle_limit);  // they were all of one capacity
  CHECK(pool.bytes_idle() > BufferPool::idle_limit / 2);
}

TEST_CASE("larger than the largest class is served, and not kept") {
  BufferPool pool;
  const std::string bytes(3 * 1024 * 1024, 'l');
  Buffer buffer;
  buffer.append(pool, bytes);
  buffer.append(pool, "and on");
  CHECK(buffer.view() == bytes + "and on");
  buffer.clear();
  CHECK(pool.bytes_in_use() == 0);
  CHECK(pool.bytes_idle() == 0);
}

TEST_CASE("shrink keeps the bytes and lets go of the room") {
  BufferPool pool;
  Buffer buffer;
  const std::span<char> room = buffer.prepare(pool, 64 * 1024);
  std::ranges::copy(std::string_view("half a line"), room.begin());
  buffer.commit(11);
  CHECK(buffer.capacity() == 64 * 1024);
  buffer.shrink(pool);
  CHECK(buffer.view() == "half a line");
  CHECK(buffer.capacity() == 256);
  buffer.shrink(pool);
  CHECK(buffer.view() == "half a line");
  CHECK(pool.bytes_in_use() == 256);
}

TEST_CASE("appending a little at a time copies each byte a bounded number of times") {
  BufferPool pool;
  Buffer buffer;
  int moves = 0;
  const char* where = nullptr;
  for (int count = 0; count < 200'000; ++count) {
    buffer.append(pool, "x");
    const char* now = buffer.view().data();
    if (now != where) ++moves;
    where = now;
  }
  CHECK(buffer.size() == 200'000);
  CHECK(moves <= static_cast<int>(BufferPool::classes));
}
