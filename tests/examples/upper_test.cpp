// How a protocol is tested: over a pipe in memory, without a port, on a clock that stands still.
#include <doctest/doctest.h>

#include "protocols/table.hpp"
#include "reactord/pipe.hpp"
#include "reactord/server.hpp"

namespace reactord {

Handler upper_protocol();

namespace {

Task<> ask(Conn& client) {
  auto sent = co_await client.write("hello\n");
  CHECK(sent.has_value());
  LineReader lines(client);
  auto answer = co_await lines.read_line();
  REQUIRE(answer.has_value());
  CHECK(*answer == "HELLO");
  CHECK(client.close().has_value());
}

}  // namespace

TEST_CASE("upper answers over a pipe") {
  VirtualClock clock;
  Reactor reactor(clock);
  Server server(reactor);
  auto [client, served] = buffered_pipe(reactor);
  server.serve(std::move(served), upper_protocol());
  reactor.spawn(ask(client));
  CHECK(reactor.run().has_value());
  CHECK(server.ended(EndCause::eof) == 1);
}

}  // namespace reactord
