// WorkersStage: a server on several threads, whose handlers tell which thread they serve.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reactord/workers.hpp"
#include "support/loopback.hpp"
#include "support/signal_mask.hpp"

namespace test {

// Answers each line with the number of its thread, and counts them. Nothing here is guarded: one thread alone has it.
class Numbered final : public reactord::LineHandler {
 public:
  explicit Numbered(std::size_t index) : index_(index) {}
  std::size_t lines = 0;
  std::set<std::thread::id> threads;

 private:
  void on_line(std::string_view, reactord::Reply& reply) override {
    ++lines;
    threads.insert(std::this_thread::get_id());
    reply.write(std::to_string(index_), "\n");
  }
  const std::size_t index_;
};

struct WorkersStage {
  explicit WorkersStage(reactord::WorkersOptions options = {.threads = 4}) : workers(std::move(options)) {}

  std::string listen() {
    auto address = workers.listen("127.0.0.1:0", [this](std::size_t index, reactord::Server& server) {
      CHECK(&server == &workers.server(index));
      auto handler = std::make_unique<Numbered>(index);
      handlers.push_back(handler.get());
      return handler;
    });
    REQUIRE(address.has_value());
    REQUIRE(handlers.size() == workers.threads());
    return address->text();
  }
  void run() {
    auto ran = workers.run();
    CHECK(ran.has_value());
  }
  std::uint64_t accepted() {
    std::uint64_t sum = 0;
    for (std::size_t index = 0; index < workers.threads(); ++index) sum += workers.server(index).accepted();
    return sum;
  }
  std::uint64_t ended(reactord::EndCause cause) {
    std::uint64_t sum = 0;
    for (std::size_t index = 0; index < workers.threads(); ++index) {
      CHECK(workers.server(index).check());
      CHECK(workers.server(index).open_connections() == 0);
      sum += workers.server(index).ended(cause);
    }
    return sum;
  }

  DescriptorCheck descriptors;
  SignalMask mask;
  std::vector<Numbered*> handlers;
  reactord::Workers workers;
};

}  // namespace test
