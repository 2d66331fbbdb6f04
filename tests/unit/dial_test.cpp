// dial(): how long it takes, which of several addresses it gets, what it says when it fails, and that nothing is left.
#include "reactord/dial.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "support/loopback.hpp"
#include "support/no_descriptors.hpp"
#include "support/process.hpp"

using reactord::Address;
using reactord::Conn;
using reactord::Context;
using reactord::DialOptions;
using reactord::Duration;
using reactord::Error;
using reactord::ErrorCode;
using reactord::Listener;
using reactord::Network;
using reactord::Reactor;
using reactord::Resolver;
using reactord::Result;
using reactord::Task;
using reactord::Time;
using reactord::VirtualClock;
using test::Peer;
using namespace std::chrono_literals;

namespace {

using Outcome = std::optional<Result<Conn>>;

Task<> dial_into(Reactor& reactor, std::string network, std::string address, DialOptions options,
                 Outcome& outcome) {
  auto conn = co_await reactord::dial(reactor, std::move(network), std::move(address), std::move(options));
  outcome.emplace(std::move(conn));
}

Task<> accept_into(Listener& listener, Outcome& outcome) {
  auto conn = co_await listener.accept();
  outcome.emplace(std::move(conn));
}

Task<> cancel_after(Context& context, Duration duration) {
  auto slept = co_await context.reactor().sleep(duration);
  CHECK(slept.has_value());
  context.cancel();
}

Task<> turns(Reactor& reactor, int count) {
  for (; count > 0; --count) co_await reactor.next_turn();
}

// Answers with what it was given, or not at all.
class FakeResolver final : public Resolver {
 public:
  FakeResolver() = default;
  explicit FakeResolver(std::vector<Address> addresses) : addresses_(std::move(addresses)) {}
  Task<Result<std::vector<Address>>> resolve(Context& context, Network, std::string host,
                                             std::uint16_t) override {
    ++asked;
    if (addresses_) co_return *addresses_;
    auto done = co_await context.done();
    const ErrorCode code = done.error().code();
    co_return std::unexpected(Error::with_text(code, "lookup " + host + ": " + Error(code).reason()));
  }
  int asked = 0;

 private:
  std::optional<std::vector<Address>> addresses_;
};

struct Stage {
  Stage() = default;
  Stage(const Stage&) = delete;
  ~Stage() {
    test::run(reactor, turns(reactor, 2));  // what was aborted is closed
    CHECK(reactor.live_tasks() == 0);
  }
  test::DescriptorCheck descriptors;
  VirtualClock clock;
  Reactor reactor{clock};

  Listener listen(const std::string& network, const std::string& address) {
    auto listener = reactord::listen(reactor, network, address);
    if (!listener) FAIL(listener.error().text());
    return std::move(*listener);
  }
  Listener listen() { return listen("tcp", "127.0.0.1:0"); }

  Result<Conn> dial(const std::string& network, const std::string& address, DialOptions options = {}) {
    Outcome outcome;
    test::run(reactor, dial_into(reactor, network, address, std::move(options), outcome));
    REQUIRE(outcome.has_value());
    return std::move(*outcome);
  }
  std::string failure(const std::string& network, const std::string& address, DialOptions options = {}) {
    const auto conn = dial(network, address, std::move(options));
    return conn ? "connected to " + conn->remote_addr().text() : conn.error().text();
  }
};

Peer bound_socket(const std::string& address) {
  const Address where = *Address::parse(address);
  Peer socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  const unsigned length = where.to_socket_address(storage);
  REQUIRE(::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&storage), length) == 0);
  return socket;
}

// Where a port is taken and nobody listens: refuses.
struct Refusing {
  explicit Refusing(const std::string& at = "127.0.0.1:0") : socket(bound_socket(at)) {}
  Peer socket;
  Address address = socket.local_addr();
};

// Where somebody listens whose queue is full: the kernel drops what else arrives, so a connect(2) stays under way.
struct Silent {
  Silent() : socket(bound_socket("127.0.0.1:0")) {
    REQUIRE(::listen(socket.fd(), 0) == 0);
    address = socket.local_addr();
    filler = Peer::connect(address);
  }
  Peer socket;
  Address address;
  Peer filler;
};

// Notes when each attempt begins, and where to.
struct Begun {
  explicit Begun(Reactor& on) : reactor(on), start(on.now()) {}
  auto hook() {
    return [this](int, Network, const Address& address) -> Result<void> {
      at.push_back(reactor.now() - start);
      to.push_back(address);
      return {};
    };
  }
  Reactor& reactor;
  Time start;
  std::vector<Duration> at;
  std::vector<Address> to;
};

}  // namespace

TEST_CASE("[74] dial keeps to the family it was told") {
  Stage stage;
  CHECK(stage.failure("tcp6", "127.0.0.1:80") == "dial tcp6: address 127.0.0.1: no suitable address found");
  CHECK(stage.failure("tcp4", "[::1]:80") == "dial tcp4: address ::1: no suitable address found");
  CHECK(stage.failure("tcp6", "0.0.0.0:80") == "dial tcp6: address 0.0.0.0: no suitable address found");
  FakeResolver resolver({Address::loopback(true, 80)});
  CHECK(stage.failure("tcp4", "name:80", {.resolver = &resolver}) ==
        "dial tcp4: address name: no suitable address found");
}

TEST_CASE("[76] dial takes the address of a listener on every address") {
  Stage stage;
  Listener listener = stage.listen("tcp", ":0");
  CHECK(listener.local_addr().host() == "::");
  Outcome outcome;
  static constexpr auto body = [](Stage& on, Listener& of, Outcome& into) -> Task<> {
    auto conn = co_await reactord::dial(on.reactor, of.local_addr());
    into.emplace(std::move(conn));
  };
  test::run(stage.reactor, body(stage, listener, outcome));
  REQUIRE((outcome && outcome->has_value()));
  CHECK((*outcome)->remote_addr().host() == "127.0.0.1");
  CHECK((*outcome)->network() == Network::tcp);
  const auto again = stage.dial("tcp6", listener.local_addr().text());
  REQUIRE(again.has_value());
  CHECK(again->remote_addr().host() == "::1");
  CHECK(again->network() == Network::tcp6);
}

TEST_CASE("[91] the earliest of timeout, deadline and context ends a dial") {
  struct Row {
    std::optional<Duration> timeout;
    Duration deadline, context;  // from now on
    Duration ends;
  };
  constexpr Duration none = Duration::max(), most_negative = Duration::min();
  for (const Row& row : {Row{-1s, none, none, 0s}, Row{0s, none, none, 0s}, Row{none, -1s, none, 0s},
                         Row{std::nullopt, none, -1s, 0s}, Row{most_negative, none, none, 0s},
                         Row{none, most_negative, none, 0s}, Row{1s, 2s, 3s, 1s}, Row{3s, 1s, 2s, 1s},
                         Row{2s, 3s, 1s, 1s}, Row{std::nullopt, 5s, none, 5s}, Row{none, none, 7s, 7s}}) {
    Stage stage;
    const Silent silent;
    const Time start = stage.reactor.now();
    Context root(stage.reactor);
    Context context(root, start + row.context);
    DialOptions options{.timeout = row.timeout, .deadline = start + row.deadline, .context = &context};
    const auto conn = stage.dial("tcp", silent.address.text(), options);
    REQUIRE_FALSE(conn.has_value());
    CHECK(conn.error() == ErrorCode::deadline_exceeded);
    CHECK(conn.error().timeout());
    CHECK(conn.error().text() == "dial tcp " + silent.address.text() + ": i/o timeout");
    CHECK(stage.reactor.now() - start == row.ends);
  }
}

TEST_CASE("[92] the longest timeout is as good as none") {
  Stage stage;
  const Listener listener = stage.listen();
  const auto conn = stage.dial("tcp", listener.local_addr().text(), {.timeout = Duration::max()});
  CHECK(conn.has_value());
  CHECK(stage.reactor.timers().next_time().is_never());
}

TEST_CASE("[93] attempts one after the other share the time that is left") {
  struct Row {
    Duration left_time;
    std::size_t left;
    Duration share;
  };
  const Time now = Time::from_nanoseconds(1'000'000'000'000);
  for (const Row& row :
       {Row{12s, 1, 12s}, Row{12s, 2, 6s}, Row{12s, 3, 4s}, Row{12s, 6, 2s}, Row{12s, 12, 2s}, Row{1s, 3, 1s},
        Row{2s, 1000, 2s}, Row{-1s, 3, -1s}, Row{0s, 3, 0s}, Row{12s, 0, 12s}}) {
    CAPTURE(row.left);
    CHECK(reactord::partial_deadline(now, now + row.left_time, row.left) - now == row.share);
  }
  CHECK(reactord::partial_deadline(now, Time::never(), 3).is_never());
}

TEST_CASE("[94] the first address to answer wins") {
  Stage stage;
  const Listener listener = stage.listen(), other = stage.listen();
  const Silent silent;
  const Refusing refusing, refusing_too;
  const Address good = listener.local_addr();
  struct Row {
    std::vector<Address> addresses;
    Duration takes;
    std::string answer;
  };
  const std::string refused = "dial tcp " + refusing.address.text() + ": connect: connection refused";
  for (const Row& row :
       {Row{{good, other.local_addr()}, 0s, ""}, Row{{silent.address, good}, 250ms, ""},
        Row{{refusing.address, good}, 0s, ""}, Row{{silent.address, refusing.address, good}, 250ms, ""},
        Row{{refusing.address, refusing_too.address}, 0s, refused},
        Row{{}, 0s, "dial tcp: address name: no suitable address found"},
        Row{std::vector<Address>(1000, refusing.address), 0s, refused}}) {
    CAPTURE(row.addresses.size());
    FakeResolver resolver(row.addresses);
    test::run(stage.reactor, turns(stage.reactor, 1));  // what was let go is closed
    const Time start = stage.reactor.now();
    const auto conn = stage.dial("tcp", "name:80", {.resolver = &resolver});
    CHECK(stage.reactor.now() - start == row.takes);
    CHECK((conn ? "" : conn.error().text()) == row.answer);
    if (conn) CHECK(conn->remote_addr() == good);
  }
}

TEST_CASE("[95] attempt_delay is kept, and less than zero means one after the other") {
  struct Row {
    Duration delay;
    std::vector<Duration> begun;
  };
  for (const Row& row : {Row{100ms, {0ms, 100ms, 200ms}}, Row{2s, {0s, 2s, 4s}}, Row{-1ns, {0s, 10s, 20s}}}) {
    Stage stage;
    const Silent silent;
    Begun begun(stage.reactor);
    FakeResolver resolver(std::vector<Address>(3, silent.address));
    const auto text = stage.failure(
        "tcp", "name:80",
        {.timeout = 30s, .attempt_delay = row.delay, .resolver = &resolver, .before_connect = begun.hook()});
    CHECK(text == "dial tcp " + silent.address.text() + ": i/o timeout");
    CHECK(begun.at == row.begun);
    CHECK(stage.reactor.now() - begun.start == 30s);
  }
}

TEST_CASE("[95] one after the other goes on at once after a refusal") {
  Stage stage;
  const Listener listener = stage.listen();
  const Refusing refusing;
  const Silent silent;
  Begun begun(stage.reactor);
  FakeResolver resolver({refusing.address, silent.address, listener.local_addr()});
  const auto conn = stage.dial(
      "tcp", "name:80",
      {.timeout = 21s, .attempt_delay = -1s, .resolver = &resolver, .before_connect = begun.hook()});
  CHECK(conn.has_value());
  CHECK(begun.at == std::vector<Duration>{0s, 0s, 10500ms});
}

TEST_CASE("[95] only so many attempts at once") {
  Stage stage;
  const Silent silent;
  Begun begun(stage.reactor);
  FakeResolver resolver(std::vector<Address>(20, silent.address));
  const auto text = stage.failure(
      "tcp", "name:80",
      {.timeout = 10s, .attempt_delay = 1ms, .resolver = &resolver, .before_connect = begun.hook()});
  CHECK(text.ends_with("i/o timeout"));
  CHECK(begun.at.size() == DialOptions::attempts_at_once);
}

TEST_CASE("[95] families take turns") {
  const auto ip4 = [](std::uint16_t port) { return Address::loopback(false, port); };
  const auto ip6 = [](std::uint16_t port) { return Address::loopback(true, port); };
  using List = std::vector<Address>;
  CHECK(reactord::interleave({}) == List{});
  CHECK(reactord::interleave({ip6(1), ip6(2), ip6(3), ip4(4), ip4(5)}) ==
        List{ip6(1), ip4(4), ip6(2), ip4(5), ip6(3)});
  CHECK(reactord::interleave({ip4(1), ip6(2), ip6(3), ip6(4)}) == List{ip4(1), ip6(2), ip6(3), ip6(4)});
  CHECK(reactord::interleave({ip4(1), ip4(2)}) == List{ip4(1), ip4(2)});
}

TEST_CASE("[96][97] the loser of the race is closed and sends nothing") {
  Stage stage;
  Listener one = stage.listen(), two = stage.listen();
  FakeResolver resolver({one.local_addr(), two.local_addr()});
  Begun begun(stage.reactor);
  const auto conn = stage.dial("tcp", "name:80",
                               {.attempt_delay = 0s, .resolver = &resolver, .before_connect = begun.hook()});
  REQUIRE(conn.has_value());
  REQUIRE(begun.at.size() == 2);  // both were under way in the same turn
  test::run(stage.reactor, turns(stage.reactor, 2));
  CHECK(stage.reactor.open_descriptors() == 3);
  Listener& lost = conn->remote_addr() == one.local_addr() ? two : one;
  Outcome accepted;
  test::run(stage.reactor, accept_into(lost, accepted));
  REQUIRE((accepted && accepted->has_value()));
  static constexpr auto read = [](Conn& from) -> Task<> {
    char byte = 0;
    auto count = co_await from.read({&byte, 1});
    REQUIRE_FALSE(count.has_value());
    CHECK(count.error().is_eof());
  };
  test::run(stage.reactor, read(**accepted));
}

TEST_CASE("[96][97] a loser still under way leaves no descriptor") {
  Stage stage;
  const Listener listener = stage.listen();
  const Silent silent;
  const std::size_t before = test::open_descriptors();
  FakeResolver resolver({silent.address, silent.address, listener.local_addr()});
  const auto conn = stage.dial("tcp", "name:80", {.resolver = &resolver});
  REQUIRE(conn.has_value());
  test::run(stage.reactor, turns(stage.reactor, 2));
  CHECK(test::open_descriptors() == before + 1);
  CHECK(stage.reactor.timers().next_time().is_never());
}

TEST_CASE("[98] of several failures the first is told") {
  Stage stage;
  const Refusing refusing;
  const Silent silent;
  FakeResolver resolver({silent.address, refusing.address});
  CHECK(stage.failure("tcp", "name:80", {.timeout = 1s, .resolver = &resolver}) ==
        "dial tcp " + refusing.address.text() + ": connect: connection refused");
}

TEST_CASE("[99][100] a dial starts from the local address it was given") {
  Stage stage;
  Listener listener = stage.listen();
  const std::string where = listener.local_addr().text();
  const auto conn = stage.dial("tcp", where, {.local_address = Address::parse("127.0.0.5:0").value()});
  REQUIRE(conn.has_value());
  CHECK(conn->local_addr().host() == "127.0.0.5");
  const auto any = stage.dial("tcp", where, {.local_address = Address()});
  CHECK(any.has_value());
  Address local;
  { local = Refusing("127.0.0.6:0").address; }
  const auto fixed = stage.dial("tcp", where, {.local_address = local});
  REQUIRE(fixed.has_value());
  CHECK(fixed->local_addr() == local);
  const Refusing refusing;
  CHECK(stage.failure("tcp", refusing.address.text(), {.local_address = Address::loopback(false, 0)}) ==
        "dial tcp 127.0.0.1:0->" + refusing.address.text() + ": connect: connection refused");
  CHECK(stage.failure("tcp", where, {.local_address = refusing.address}) ==
        "dial tcp " + refusing.address.text() + "->" + where + ": bind: address already in use");
}

TEST_CASE("[99][100] addresses of another family than the local one are left out") {
  Stage stage;
  const Listener listener = stage.listen("tcp", ":0");
  const std::uint16_t port = listener.local_addr().port();
  FakeResolver resolver({Address::loopback(true, port), Address::loopback(false, port)});
  const auto conn =
      stage.dial("tcp", "name:80", {.local_address = Address::loopback(false, 0), .resolver = &resolver});
  REQUIRE(conn.has_value());
  CHECK(conn->remote_addr().host() == "127.0.0.1");
  CHECK(stage.failure("tcp", "[::1]:80", {.local_address = Address::loopback(false, 0)}) ==
        "dial tcp: address ::1: no suitable address found");
  CHECK(stage.failure("tcp", "127.0.0.1:80", {.local_address = Address::parse("unix:@name").value()}) ==
        "dial tcp: address @name: mismatched local address type");
  CHECK(stage.failure("unix", "@name", {.local_address = Address::loopback(false, 0)}) ==
        "dial unix: address 127.0.0.1:0: mismatched local address type");
}

TEST_CASE("[101] cancelling the context ends a dial") {
  Stage stage;
  const Silent silent;
  Context context(stage.reactor);
  const Time start = stage.reactor.now();
  stage.reactor.spawn(cancel_after(context, 10ms));
  const auto conn = stage.dial("tcp", silent.address.text(), {.context = &context});
  REQUIRE_FALSE(conn.has_value());
  CHECK(conn.error().is_cancelled());
  CHECK(conn.error().text() == "dial tcp " + silent.address.text() + ": operation was canceled");
  CHECK(stage.reactor.now() - start == 10ms);
  FakeResolver resolver(std::vector<Address>(3, silent.address));
  CHECK(stage.failure("tcp", "name:80", {.context = &context, .resolver = &resolver}) ==
        "dial tcp " + silent.address.text() + ": operation was canceled");
}

TEST_CASE("[102] a connection that is there is not touched by the context of its dial") {
  Stage stage;
  const Listener listener = stage.listen();
  Context context(stage.reactor);
  auto conn = stage.dial("tcp", listener.local_addr().text(), {.timeout = 1s, .context = &context});
  REQUIRE(conn.has_value());
  context.cancel();
  static constexpr auto write = [](Reactor& on, Conn& to) -> Task<> {
    auto slept = co_await on.sleep(2s);
    CHECK(slept.has_value());
    auto written = co_await to.write("hello");
    CHECK(written.has_value());
    auto flushed = co_await to.flush();
    CHECK(flushed.has_value());
  };
  test::run(stage.reactor, write(stage.reactor, *conn));
}

TEST_CASE("[103] a cancel in the very turn in which a connection comes leaks nothing") {
  static constexpr auto cancel = [](Context& context, int after) -> Task<> {
    for (; after > 0; --after) co_await context.reactor().next_turn();
    context.cancel();
  };
  int connected = 0, cancelled = 0;
  for (int after = 0; after < 12; ++after) {
    for (const bool cancel_first : {false, true}) {
      Stage stage;
      const Listener listener = stage.listen();
      Context context(stage.reactor);
      Outcome outcome;
      if (cancel_first) stage.reactor.spawn(cancel(context, after));
      stage.reactor.spawn(
          dial_into(stage.reactor, "tcp", listener.local_addr().text(), {.context = &context}, outcome));
      test::run(stage.reactor, cancel(context, after));
      REQUIRE(outcome.has_value());
      if (!*outcome) CHECK(outcome->error().is_cancelled());
      ++(*outcome ? connected : cancelled);
      test::run(stage.reactor, turns(stage.reactor, 2));
      CHECK(stage.reactor.open_descriptors() == (*outcome ? 2 : 1));
    }
  }
  CHECK(connected > 0);
  CHECK(cancelled > 0);
}

TEST_CASE("[104] shutdown of the reactor ends a dial") {
  Stage stage;
  const Silent silent;
  FakeResolver many(std::vector<Address>(20, silent.address)), mute;
  std::array<Outcome, 3> outcomes;
  Begun begun(stage.reactor);
  stage.reactor.spawn(dial_into(stage.reactor, "tcp", silent.address.text(), {}, outcomes[0]));
  stage.reactor.spawn(dial_into(stage.reactor, "tcp", "name:80",
                                {.attempt_delay = 1ms, .resolver = &many, .before_connect = begun.hook()},
                                outcomes[1]));
  stage.reactor.spawn(dial_into(stage.reactor, "tcp", "name:80", {.resolver = &mute}, outcomes[2]));
  static constexpr auto stop = [](Reactor& on) -> Task<> {
    auto slept = co_await on.sleep(3ms);
    CHECK(slept.has_value());
    on.stop();
  };
  stage.reactor.spawn(stop(stage.reactor));
  REQUIRE(stage.reactor.run().has_value());
  const std::size_t before = begun.at.size();
  CHECK(before > 1);
  CHECK(before < DialOptions::attempts_at_once);
  stage.reactor.shutdown();
  CHECK(begun.at.size() == before);  // what is closed by the shutdown makes no room for others
  for (const Outcome& outcome : outcomes) {
    REQUIRE((outcome && !outcome->has_value()));
    CHECK(outcome->error().is_cancelled());
  }
  CHECK(stage.reactor.live_tasks() == 0);
  CHECK(stage.reactor.open_descriptors() == 0);
}

TEST_CASE("[105] a connection to itself is none") {
  Stage stage;
  Address port;
  { port = Refusing().address; }
  int tries = 0;
  const auto bind_there = [&](int fd, Network, const Address& address) -> Result<void> {
    ++tries;
    const linger reset{.l_onoff = 1, .l_linger = 0};  // so that the port is free again at once
    REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    sockaddr_storage storage{};
    const unsigned length = address.to_socket_address(storage);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0);
    return {};
  };
  CHECK(stage.failure("tcp", port.text(), {.before_connect = bind_there}) ==
        "dial tcp " + port.text() + ": connect: connection refused");
  CHECK(tries == 3);
  const auto meant = stage.dial("tcp", port.text(), {.local_address = port});
  REQUIRE(meant.has_value());
  CHECK(meant->local_addr() == meant->remote_addr());
}

TEST_CASE("[105] the pending error of a socket is not lost by asking twice") {
  Stage stage;
  const Refusing refusing;
  const auto conn = stage.dial("tcp", refusing.address.text());
  REQUIRE_FALSE(conn.has_value());
  CHECK(conn.error().system_errno() == ECONNREFUSED);
}

TEST_CASE("[106] an empty host is this machine") {
  Stage stage;
  const Listener listener = stage.listen("tcp", ":0");
  const std::string port = std::to_string(listener.local_addr().port());
  struct Row {
    const char* network;
    std::string address;
    const char* host;
  };
  for (const Row& row : {Row{"tcp", ":", "127.0.0.1"}, Row{"tcp4", ":", "127.0.0.1"}, Row{"tcp6", ":", "::1"},
                         Row{"tcp", "0.0.0.0:", "127.0.0.1"}, Row{"tcp6", "[::]:", "::1"}}) {
    const auto conn = stage.dial(row.network, row.address + port);
    REQUIRE(conn.has_value());
    CHECK(conn->remote_addr().host() == row.host);
  }
}

TEST_CASE("[107][109] what went wrong is said in Go's words") {
  Stage stage;
  const Refusing refusing;
  const std::string where = refusing.address.text();
  CHECK(stage.failure("tcp", "127.0.0.1:99999") == "dial tcp: address 99999: invalid port");
  CHECK(stage.failure("foo", "127.0.0.1:80") == "dial foo: unknown network foo");
  CHECK(stage.failure("tcp", "") == "dial tcp: missing address");
  CHECK(stage.failure("unix", "") == "dial unix: missing address");
  CHECK(stage.failure("tcp", "localhost") == "dial tcp: address localhost: missing port in address");
  CHECK(stage.failure("tcp", where) == "dial tcp " + where + ": connect: connection refused");
  CHECK(stage.failure("tcp", "127.0.0.1:1", {.timeout = -1s}) == "dial tcp 127.0.0.1:1: i/o timeout");
  CHECK(stage.failure("tcp", "1.2.3:80") == "dial tcp: lookup 1.2.3: no such host");
  CHECK(stage.failure("tcp", "[fe80::1%nosuch]:80") ==
        "dial tcp: address fe80::1%nosuch: no such network interface");
  CHECK(stage.failure("unix", "/nonexistent/socket") ==
        "dial unix /nonexistent/socket: connect: no such file or directory");
  const test::NoDescriptors none;
  CHECK(stage.failure("tcp", where) == "dial tcp " + where + ": socket: too many open files");
}

TEST_CASE("[108] before_connect sees the socket first, and its error is the answer") {
  Stage stage;
  const Listener listener = stage.listen();
  const std::string where = listener.local_addr().text();
  int calls = 0;
  const auto look = [&](int fd, Network network, const Address& address) -> Result<void> {
    ++calls;
    CHECK(network == Network::tcp4);
    CHECK(address == listener.local_addr());
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    CHECK(::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length) == -1);
    CHECK(Peer(::dup(fd)).local_addr().port() == 0);
    if (calls == 1) return {};
    return std::unexpected(Error::invalid("not this one"));
  };
  const auto conn = stage.dial("tcp", where, {.before_connect = look});
  CHECK(conn.has_value());
  CHECK(stage.failure("tcp", where, {.before_connect = look}) == "dial tcp " + where + ": not this one");
  CHECK(calls == 2);
}

TEST_CASE("dial connects over unix sockets too, by path and by name") {
  Stage stage;
  const test::TemporaryDirectory directory;
  const Listener file = stage.listen("unix", directory.path("socket")), name = stage.listen("unix", "@");
  for (const Listener* listener : {&file, &name}) {
    const auto conn = stage.dial("unix", listener->local_addr().text());
    REQUIRE(conn.has_value());
    CHECK(conn->remote_addr() == listener->local_addr());
    CHECK(conn->network() == Network::unix_socket);
  }
}

TEST_CASE("a resolver that never answers ends a dial by time, and by cancelling") {
  Stage stage;
  FakeResolver mute;
  const Time start = stage.reactor.now();
  const auto late = stage.dial("tcp", "name:80", {.timeout = 3s, .resolver = &mute});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().timeout());
  CHECK(late.error().text() == "dial tcp: lookup name: i/o timeout");
  CHECK(stage.reactor.now() - start == 3s);
  Context context(stage.reactor);
  stage.reactor.spawn(cancel_after(context, 1s));
  const auto cancelled = stage.dial("tcp", "name:80", {.context = &context, .resolver = &mute});
  REQUIRE_FALSE(cancelled.has_value());
  CHECK(cancelled.error().is_cancelled());
  CHECK(cancelled.error().text() == "dial tcp: lookup name: operation was canceled");
  CHECK(mute.asked == 2);
}

namespace {

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

}  // namespace

TEST_CASE("[56] dialled and adopted sockets have NODELAY and keep-alive too, as asked") {
  Reactor reactor;
  auto listener = reactord::listen(reactor, "tcp", "127.0.0.1:0");
  REQUIRE(listener.has_value());
  for (const bool asked : {true, false}) {
    reactord::StreamOptions stream;
    if (!asked) stream = {.no_delay = false, .keep_alive_idle = std::chrono::seconds(0)};
    test::Peer raw = test::Peer::connect(listener->local_addr());
    auto adopted = reactord::adopt_conn(reactor, raw.fd(), stream);
    REQUIRE(adopted.has_value());
    const int adopted_fd = raw.release();
    int dialled_fd = -1;
    DialOptions options;
    options.stream = stream;
    options.before_connect = [&dialled_fd](int fd, reactord::Network, const Address&) -> Result<void> {
      dialled_fd = fd;
      return {};
    };
    std::optional<Result<Conn>> dialled;
    static constexpr auto body = [](Reactor& on, Address to, DialOptions with,
                                    std::optional<Result<Conn>>& outcome) -> Task<> {
      auto conn = co_await reactord::dial(on, std::move(to), std::move(with));
      outcome.emplace(std::move(conn));
    };
    test::run(reactor, body(reactor, listener->local_addr(), options, dialled));
    REQUIRE((dialled && dialled->has_value()));
    for (const int fd : {adopted_fd, dialled_fd}) {
      CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) == (asked ? 1 : 0));
      CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) == (asked ? 1 : 0));
      if (asked) CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 15);
    }
  }
}
