// Transports of the user's: what the library asks of them, and when, beyond what the conformance suite sees.
#include "reactord/transport.hpp"

#include <doctest/doctest.h>

#include <cerrno>

#include "conformance/scene.hpp"
#include "support/scripted_transport.hpp"

using reactord::Task;
using reactord::Time;
using test::conformance::Outcome;
using test::conformance::read_exactly;
using test::conformance::read_once;
using test::conformance::turns;
using namespace std::chrono_literals;
using namespace test::scripted;

namespace {

Task<> read_six(TransportStage& stage) {
  stage.script.input = "abcdef";
  auto bytes = co_await read_exactly(stage.conn, 6);
  CHECK(bytes == "abcdef");
  CHECK(stage.count("receive") == 2);  // three bytes each, and no -EAGAIN between
}

Task<> ask_once(TransportStage& stage) {
  Outcome read;
  stage.reactor.spawn(read_once(stage.conn, read));
  co_await turns(stage.reactor, 5);
  CHECK(stage.count("receive") == 1);
  stage.script.listener->notify(readiness::writable);
  co_await turns(stage.reactor, 5);
  CHECK(stage.count("receive") == 1);
  stage.script.input = "x";
  stage.script.listener->notify(readiness::readable);
  CHECK_FALSE(read.is_done());  // not from within the call
  co_await turns(stage.reactor, 5);
  CHECK(read.is_ok());
}

Task<> notify_from_within(TransportStage& stage) {
  Outcome read;
  stage.script.notifies_within = 3;
  stage.reactor.spawn(read_once(stage.conn, read));
  co_await turns(stage.reactor, 10);
  CHECK(stage.count("receive") == 4);  // each notify is an invitation to one more
  CHECK(stage.conn.set_read_deadline(Time::past()).has_value());
  co_await turns(stage.reactor, 2);
  CHECK(read.timed_out());
}

}  // namespace

TEST_CASE("transport: a short receive is no end of what there is") {
  TransportStage stage;
  test::run(stage.reactor, read_six(stage));
}

TEST_CASE("transport: after -EAGAIN it is asked once more when it has told, and not before") {
  TransportStage stage;
  test::run(stage.reactor, ask_once(stage));
}

TEST_CASE("transport: a notify from within receive() calls nothing back, and is not lost") {
  TransportStage stage;
  test::run(stage.reactor, notify_from_within(stage));
}
