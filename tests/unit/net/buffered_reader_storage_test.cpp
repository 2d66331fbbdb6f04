// The storage that a BufferedReader holds while its handler does something else.
#include <doctest/doctest.h>

#include <string_view>

#include "reactord/buffered_reader.hpp"
#include "reactord/pipe.hpp"
#include "support/loopback.hpp"

using reactord::BufferedReader;
using reactord::Conn;
using reactord::Task;

namespace {

struct Piped : test::Stage {
  reactord::ConnPair pair = reactord::buffered_pipe(reactor);
};

Task<> send(Conn& conn, std::string_view bytes) {
  auto sent = co_await conn.write(bytes);
  CHECK(sent.has_value());
}

}  // namespace

TEST_CASE("a reader that shrinks keeps what is buffered, in as little storage as holds it") {
  Piped stage;
  stage.run([](Piped& on) -> Task<> {
    BufferedReader reader(on.pair.first);
    co_await send(on.pair.second, "first\nsecond\nthi");
    auto line = co_await reader.read_line();
    REQUIRE(line.has_value());
    CHECK(*line == "first");
    const std::size_t before = on.reactor.buffers().bytes_in_use();
    reader.shrink();
    CHECK(on.reactor.buffers().bytes_in_use() + 60 * 1024 < before);
    CHECK(reader.buffered() == "second\nthi");
    line = co_await reader.read_line();
    REQUIRE(line.has_value());
    CHECK(*line == "second");
    reader.shrink();
    reader.shrink();
    co_await send(on.pair.second, "rd\n");
    line = co_await reader.read_line();
    REQUIRE(line.has_value());
    CHECK(*line == "third");
  });
}
