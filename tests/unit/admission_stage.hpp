// A Server with limits on connections, on a virtual clock, and clients from chosen addresses.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "reactord/server.hpp"
#include "support/loopback.hpp"

namespace test {

class GotHandler final : public reactord::LineHandler {
  void on_line(std::string_view line, reactord::Reply& reply) override { reply.write("got ", line, "\n"); }
};

class AdmissionObserver final : public reactord::ServerObserver {
 public:
  std::vector<std::string> ends;  // "cause limit", without those of served connections that finished in order
  std::vector<std::string> deferred;  // "limit protocol", and " address" where one waits
  std::vector<std::string> failed;
  int drained = 0;

 private:
  void on_closed(const reactord::ConnectionEnd& end) override {
    if (end.cause == reactord::EndCause::eof) return;
    ends.push_back(std::string(to_string(end.cause)) + ' ' + std::string(end.limit));
  }
  void on_limit(const reactord::LimitReached& reached) override {
    CHECK(reached.action == "deferred");
    deferred.push_back(std::string(reached.limit) + ' ' + std::string(reached.protocol) +
                       (reached.remote == nullptr ? "" : ' ' + reached.remote->host()));
  }
  void on_listener_failed(reactord::ListenerId, const reactord::Error& error) override {
    failed.push_back(error.text());
  }
  void on_drained() override { ++drained; }
};

struct AdmissionStage {
  explicit AdmissionStage(const reactord::Limits& limits, const char* where = "127.0.0.1:0")
      : server(reactor, {.limits = limits, .observer = &observer}), address(listen(where)) {}

  reactord::Address listen(const char* where, const char* protocol = "line") {
    auto listening = server.listen(where, handler, protocol);
    REQUIRE(listening.has_value());
    return *listening;
  }

  // Connects, from this address of the machine if one is named, and sends `text`, before anybody is served.
  Peer connect(std::string_view text = "", const char* from = nullptr) {
    return connect_to(address, text, from);
  }
  Peer connect_to(const reactord::Address& to, std::string_view text, const char* from = nullptr);

  // As many turns as it takes to do what can be done now.
  reactord::Task<> settle() {
    for (int turns = 0; turns < 20; ++turns) {
      co_await reactor.next_turn();
      CHECK(server.check());
    }
  }

  // Turns without end are a test that hangs: `body` ends with a drain or kill.
  void run(reactord::Task<> body) {
    test::run(reactor, std::move(body));
    CHECK(server.check());
    CHECK(server.open_connections() == 0);
    CHECK(observer.drained == 1);
    CHECK(observer.failed.empty());
    CHECK(reactor.open_descriptors() == 0);
  }

  DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  AdmissionObserver observer;
  GotHandler handler;
  reactord::Reactor reactor{clock};
  reactord::Server server;
  reactord::Address address;
};

using Texts = std::vector<std::string>;

}  // namespace test
