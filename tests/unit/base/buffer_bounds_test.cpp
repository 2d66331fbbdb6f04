// The ends of a Buffer: a part that points nowhere, and more bytes than 32 bits count.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "reactord/buffer.hpp"
#include "support/loopback.hpp"

using reactord::Buffer;
using reactord::BufferPool;

TEST_CASE("buffer bounds: a part that points nowhere is no bytes") {
  // What this must not do, give memcpy(3) a null pointer, the sanitized build sees.
  BufferPool pool;
  Buffer buffer;
  buffer.append(pool, std::string_view());
  CHECK(buffer.empty());
  buffer.append(pool, std::string_view(), "a", std::string_view());
  CHECK(buffer.view() == "a");
  reactord::VirtualClock clock;
  reactord::Reactor reactor(clock);
  test::Link link = test::connect(reactor, test::Transport::tcp);
  static constexpr auto write = [](reactord::Conn& conn) -> reactord::Task<> {
    auto nothing = co_await conn.write(std::string_view());
    CHECK((nothing && *nothing == 0));
    auto something = co_await conn.write(std::string_view(), "b", std::string_view());
    CHECK((something && *something == 1));
  };
  test::run(reactor, write(link.conn));
  CHECK(link.peer.receive() == "b");
}

TEST_CASE("buffer bounds: more than 4 GiB is refused, and changes nothing") {
  BufferPool pool;
  Buffer buffer;
  const std::size_t too_many = Buffer::max_size + 1;
  CHECK_THROWS_AS(buffer.prepare(pool, too_many), std::length_error);
  CHECK(buffer.empty());
  CHECK(buffer.capacity() == 0);
  buffer.append(pool, "0123456789");
  const char byte = 'x';
  for (const std::size_t count : {too_many, too_many - 10, Buffer::max_size - 9, ~std::size_t{0} - 5}) {
    CHECK_THROWS_AS(buffer.prepare(pool, count), std::length_error);
    CHECK_THROWS_AS(buffer.append(pool, std::string_view(&byte, count)), std::length_error);
    CHECK(buffer.view() == "0123456789");
  }
  buffer.consume(10);
  CHECK(pool.bytes_in_use() == 0);
}
