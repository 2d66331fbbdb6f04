// TransportStage: a Conn over a transport that answers by a script, and notes what it was asked.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "conformance/checked_transport.hpp"
#include "conformance/scene.hpp"
#include "reactord/transport.hpp"

namespace test::scripted {

using namespace reactord;
using namespace test::conformance;
using namespace std::chrono_literals;

namespace readiness = reactord::readiness;

// What a Scripted transport is asked, and what it answers next. It outlives the transport.
struct Script {
  std::vector<std::string> calls;
  std::string input;
  std::string output;
  std::size_t room = ~std::size_t{0};  // for output
  bool ended = false;                  // behind the input
  int shut_result = 0;
  ssize_t send_failure = 0;
  std::size_t unsent = 0;
  std::size_t notifies_within = 0;  // so many receives notify from within
  TransportListener* listener = nullptr;
  bool deleted = false;
};

class Scripted final : public reactord::Transport {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  ~Scripted() override { script_.deleted = true; }

 private:
  void attach(TransportListener& listener) noexcept override { script_.listener = &listener; }
  ssize_t receive(std::span<char> into) noexcept override {
    script_.calls.emplace_back("receive");
    if (script_.notifies_within > 0) {
      --script_.notifies_within;
      script_.listener->notify(readiness::readable | readiness::writable);
    }
    if (script_.input.empty()) return script_.ended ? 0 : -EAGAIN;
    const std::size_t count = script_.input.copy(into.data(), std::min(into.size(), 3UZ));
    script_.input.erase(0, count);
    return static_cast<ssize_t>(count);
  }
  ssize_t send(std::string_view bytes) noexcept override {
    script_.calls.emplace_back("send");
    if (script_.send_failure != 0) return script_.send_failure;
    const std::size_t count = std::min(bytes.size(), script_.room);
    if (count == 0) return -EAGAIN;
    script_.room -= count;
    script_.output += bytes.substr(0, count);
    return static_cast<ssize_t>(count);
  }
  int shut_write() noexcept override {
    script_.calls.emplace_back("shut_write");
    return script_.shut_result;
  }
  void close() noexcept override { script_.calls.emplace_back("close"); }
  void abort() noexcept override { script_.calls.emplace_back("abort"); }
  std::size_t unsent() const noexcept override { return script_.unsent; }
  reactord::Network network() const noexcept override { return reactord::Network::pipe; }
  reactord::Address local_addr() const override { return reactord::Address::pipe(); }
  reactord::Address remote_addr() const override { return reactord::Address::pipe(); }

  Script& script_;
};

struct TransportStage {
  Script script;
  VirtualClock clock;
  Reactor reactor{clock};
  Conn conn = make();

  Conn make() {
    auto below = std::make_unique<Scripted>(script);
    auto made = reactord::make_conn(reactor, std::make_unique<CheckedTransport>(std::move(below)));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  std::size_t count(std::string_view call) const {
    return static_cast<std::size_t>(std::ranges::count(script.calls, call));
  }
};

}  // namespace test::scripted
