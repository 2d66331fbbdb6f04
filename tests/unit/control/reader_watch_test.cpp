// ReaderWatch: the end of those who read standard output is noticed, whatever it is.
#include "control/reader_watch.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "reactord/pipe.hpp"
#include "support/stage.hpp"

using namespace reactord;
using reactord::control::ReaderWatch;

namespace {

enum class Kind { pipe, socket };

Task<> let_turn(Reactor& reactor) {
  for (int turn = 0; turn < 5; ++turn) co_await reactor.next_turn();
}

Task<> watch_twice(Reactor& reactor, Kind kind) {
  std::array<int, 2> ends{};  // the reader's, and ours
  REQUIRE((kind == Kind::pipe ? ::pipe(ends.data()) : ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data())) ==
          0);
  auto conns = buffered_pipe(reactor);
  auto first = ReaderWatch::open(reactor, ends[1], conns.first);
  CHECK(first);
  Task<> turning = let_turn(reactor);
  co_await std::move(turning);
  first.reset();
  Task<> closing = let_turn(reactor);
  co_await std::move(closing);

  auto second = ReaderWatch::open(reactor, ends[1], conns.first);
  REQUIRE(second);
  if (kind == Kind::socket) CHECK(::shutdown(ends[0], SHUT_WR) == 0);
  Task<> waiting = let_turn(reactor);
  co_await std::move(waiting);
  CHECK_FALSE(second->is_gone());
  ::close(ends[0]);
  Task<> noticing = let_turn(reactor);
  co_await std::move(noticing);
  CHECK(second->is_gone());
  second.reset();
  ::close(ends[1]);
}

}  // namespace

TEST_CASE("reader watch: each of two watches of one output notices that its reader goes, and no other end") {
  for (const Kind kind : {Kind::pipe, Kind::socket}) {
    CAPTURE(kind == Kind::pipe);
    test::Stage stage;
    stage.run(watch_twice(stage.reactor, kind));
  }
}
