// DialStage: dials on a virtual clock, and addresses that refuse, are silent, or have begun to answer.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "reactord/dial.hpp"
#include "support/loopback.hpp"

namespace test::dialling {

using namespace reactord;
using namespace std::chrono_literals;

using Outcome = std::optional<Result<Conn>>;

inline Task<> dial_into(Reactor& reactor, std::string network, std::string address, DialOptions options,
                        Outcome& outcome) {
  auto conn = co_await reactord::dial(reactor, std::move(network), std::move(address), std::move(options));
  outcome.emplace(std::move(conn));
}

inline Task<> turns(Reactor& reactor, int count) {
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

struct DialStage : test::Stage {
  ~DialStage() override {
    test::run(reactor, turns(reactor, 2));  // what was aborted is closed
  }

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

inline Peer bound_socket(const std::string& address) {
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

}  // namespace test::dialling
