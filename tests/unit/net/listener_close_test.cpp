// What close() of a Listener leaves: the accept that waits, the port, and the file of a unix socket.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>

#include "reactord/listener.hpp"
#include "support/listener_stage.hpp"
#include "support/loopback.hpp"
#include "support/process.hpp"

using reactord::Conn;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::Result;
using reactord::Task;
using test::Peer;
using namespace test::listeners;

TEST_CASE("[68] close ends the accept that waits, and those after it, with closed") {
  test::TemporaryDirectory directory;
  struct Row {
    std::string network, address;
  };
  for (const Row& row : {Row{"tcp", "127.0.0.1:0"}, Row{"unix", directory.path("socket")}, Row{"unix", ""}}) {
    CAPTURE(row.network);
    ListenerStage stage;
    Listener listener = stage.listen(row.network, row.address);
    std::optional<Result<Conn>> pending, later;
    stage.reactor.spawn(accept_into(listener, pending));
    stage.run(
        [](ListenerStage& on, Listener& of) -> Task<> {
          co_await on.reactor.next_turn();
          CHECK(of.close().has_value());
        },
        listener);
    test::run(stage.reactor, accept_into(listener, later));
    const std::string text =
        "accept " + row.network + ' ' + listener.local_addr().text() + ": use of closed network connection";
    REQUIRE((pending && !pending->has_value()));
    CHECK(pending->error() == ErrorCode::closed);
    CHECK(pending->error().text() == text);
    REQUIRE((later && !later->has_value()));
    CHECK(later->error().text() == text);
  }
}

TEST_CASE("[69] an address can be listened on again as soon as close returns, time after time") {
  test::TemporaryDirectory directory;
  struct Row {
    std::string network, address;
  };
  for (const Row& row : {Row{"tcp", "127.0.0.1:0"}, Row{"tcp", ":0"}, Row{"tcp6", "[::1]:0"},
                         Row{"unix", directory.path("socket")}}) {
    CAPTURE(row.address);
    ListenerStage stage;
    stage.run(
        [](ListenerStage& on, const Row& given) -> Task<> {
          Listener listener = on.listen(given.network, given.address);
          const std::string where = listener.local_addr().text();
          const std::uint64_t turn = on.reactor.turns();
          for (int round = 0; round < 10; ++round) {
            CHECK(listener.close().has_value());
            listener = on.listen(given.network, where);
            CHECK(listener.local_addr().text() == where);
          }
          CHECK(on.reactor.turns() == turn);
          co_return;
        },
        row);
  }
}

TEST_CASE("[69] nor does a connection that was accepted there stand in the way") {
  ListenerStage stage;
  Listener listener = stage.listen("tcp", "127.0.0.1:0");
  const std::string where = listener.local_addr().text();
  const Peer client = Peer::connect(listener.local_addr());
  Conn conn = accept(stage, listener);
  CHECK(listener.close().has_value());
  const Listener again = stage.listen("tcp", where);
  conn.abort();
}

TEST_CASE("[70] close frees the port before it returns, although an accept waits") {
  ListenerStage stage;
  Listener listener = stage.listen("tcp", "127.0.0.1:0");
  std::optional<Result<Conn>> pending;
  stage.reactor.spawn(accept_into(listener, pending));
  stage.run(
      [](ListenerStage& on, Listener& of) -> Task<> {
        co_await on.reactor.next_turn();
        const std::string where = of.local_addr().text();
        const std::uint16_t port = of.local_addr().port();
        CHECK(of.close().has_value());
        CHECK_FALSE(reaches(over_ip4, port));  // nobody is let in any more
        Listener successor = on.listen("tcp", where);
        const Peer client = Peer::connect(successor.local_addr());
        auto conn = co_await successor.accept();
        CHECK(conn.has_value());
      },
      listener);
  REQUIRE((pending && !pending->has_value()));
  CHECK(pending->error().is_closed());
}

TEST_CASE("[85] the file of a unix socket goes with the listener that made it, unless told otherwise") {
  enum class Set { not_set, on, off };
  struct Row {
    bool adopted;
    Set set;
    bool by_destructor;
    bool removed;
  };
  constexpr Row table[] = {
      {false, Set::not_set, false, true}, {false, Set::not_set, true, true},
      {false, Set::on, false, true},      {false, Set::off, false, false},
      {true, Set::not_set, false, false}, {true, Set::not_set, true, false},
      {true, Set::on, false, true},       {true, Set::off, false, false},
  };
  for (const Row& row : table) {
    CAPTURE(row.adopted);
    CAPTURE(row.by_destructor);
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("socket");
    ListenerStage stage;
    {
      Peer foreign;
      if (row.adopted) foreign = foreign_listener(address_of("unix:" + path));
      auto made = row.adopted ? reactord::adopt_listener(stage.reactor, foreign.fd())
                              : stage.try_listen("unix", path);
      REQUIRE(made.has_value());
      foreign.release();
      Listener listener = std::move(*made);
      CHECK(exists(path));
      if (row.set != Set::not_set) listener.set_unlink_on_close(row.set == Set::on);
      if (!row.by_destructor) CHECK(listener.close().has_value());
      CHECK(exists(path) == (row.by_destructor || !row.removed));
    }
    CHECK(exists(path) == !row.removed);
    stage.end_turn();
    if (!row.removed) REQUIRE(::unlink(path.c_str()) == 0);
  }
}

TEST_CASE("[85] a file that somebody has made anew is not the listener's to remove, at no close") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("socket");
  ListenerStage stage;
  {
    Listener listener = stage.listen("unix", path);
    CHECK(listener.close().has_value());
    CHECK_FALSE(exists(path));
    std::ofstream(path) << "mine\n";
    const auto again = listener.close();
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().is_closed());
    CHECK(exists(path));
  }
  CHECK(exists(path));
  REQUIRE(::unlink(path.c_str()) == 0);
  {
    Listener listener = stage.listen("unix", path);
    REQUIRE(::unlink(path.c_str()) == 0);
    std::ofstream(path) << "mine\n";
    CHECK(listener.close().has_value());
    CHECK(exists(path));
  }
  CHECK(exists(path));
}
