// The kinds of Conn that have a descriptor, each through the whole conformance suite; two of them once more while
// system calls fail at random.
#include "conformance/conn_suite.hpp"
#include "conformance/socket_kinds.hpp"
#include "support/faults.hpp"

namespace {

using reactord::Conn;
using reactord::ConnPair;
using reactord::Reactor;
using reactord::Task;
using reactord::Time;
using test::conformance::SocketPair;
using test::conformance::Tcp4;
using test::conformance::Tcp6;
using test::conformance::UnixAbstract;
using test::conformance::UnixPath;
using namespace std::chrono_literals;

template <typename Kind>
struct Faulty : Kind {
  using Surroundings = test::Faults;
};
struct FaultyTcp4 : Faulty<Tcp4> {
  static constexpr const char* name = "tcp4 with faults";
};
struct FaultyUnixPath : Faulty<UnixPath> {
  static constexpr const char* name = "unix path with faults";
};

}  // namespace

CONN_CONFORMANCE(Tcp4, Tcp6, UnixPath, UnixAbstract, SocketPair, FaultyTcp4, FaultyUnixPath)

namespace {

using test::conformance::Outcome;

template <typename Kind>
void check_faults_come() {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    test::Faults faults(seed);
    test::conformance::Scene scene(test::conformance::traits_of<Kind>());
    scene.pairs.push_back(Kind::make(scene.reactor));
    test::conformance::run_case({"", test::conformance::case_both_ways_at_once}, scene);
    for (const test::Faults::Counts* counts : {&faults.reads(), &faults.writes()}) {
      CHECK(counts->passed > 0);
      CHECK(counts->cut > 0);
      CHECK(counts->interrupted > 0);
      CHECK(counts->refused > 0);
    }
  }
}

Task<> read_at_deadlines(Conn& conn) {
  for (const auto wait : {1ns, 1000ns, 100'000ns, 999'999ns, 1'000'000ns, 1'000'001ns, 3'333'333ns,
                          10'000'000ns, 20'000'000ns, 50'000'000ns}) {
    const Time deadline = reactord::monotonic_now() + wait;
    CHECK(conn.set_read_deadline(deadline).has_value());
    Outcome read;
    Task<> reading = test::conformance::read_once(conn, read);
    co_await std::move(reading);
    const Time ended = reactord::monotonic_now();
    CHECK(read.timed_out());
    CHECK(ended >= deadline);
  }
}

Task<> read_after_reset(test::ConnStage& scene) {
  Outcome read;
  scene.reactor.spawn(test::conformance::read_once(scene.conn, read));
  co_await test::conformance::turns(scene.reactor, 2);
  scene.peer.reset();
  co_await test::conformance::until_done(scene.reactor, read);
  REQUIRE(read.has_failed());
  CHECK_FALSE(read.is_eof());
  CHECK(read.result->error().is_reset());
  CHECK_FALSE(read.result->error().temporary());
}

}  // namespace

TEST_CASE("faults: reads and writes are in fact cut, interrupted and refused") {
  check_faults_come<FaultyTcp4>();
  check_faults_come<FaultyUnixPath>();
}

TEST_CASE("[34] deadlines are of the monotonic clock") {
  const Time before = reactord::monotonic_now();
  const Time between = reactord::Clock::monotonic().now();
  CHECK(before <= between);
  CHECK(between <= reactord::monotonic_now());
}

TEST_CASE("[34] on the machine's clock too a read ends never early") {
  const test::DescriptorCheck descriptors;
  Reactor reactor;
  ConnPair pair = Tcp4::make(reactor);
  test::run(reactor, read_at_deadlines(pair.first));
  pair.first.abort();
  pair.second.abort();
}

TEST_CASE("[38] a peer that lingers for no time breaks the connection off") {
  test::ConnStage scene(test::Transport::tcp);
  test::run(scene.reactor, read_after_reset(scene));
}
