// ProcessStage: a Server each of whose connections has a process. The processes are real ones; the clients are ends of
// buffered pipes, or come over TCP.
#pragma once

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "protocols/programs/process_per_connection.hpp"
#include "support/program_stage.hpp"

namespace test {

class ByProcess final : public reactord::StreamHandler {
 public:
  explicit ByProcess(reactord::ProcessPerConnection& processes) noexcept : processes_(processes) {}

 private:
  reactord::Task<> serve(reactord::Conn& conn, reactord::Context& context) override {
    return processes_.serve(conn, context);
  }
  reactord::ProcessPerConnection& processes_;
};

inline reactord::ProgramSettings settings_of(std::vector<std::string> command) {
  reactord::ProgramSettings settings;
  settings.name = "upper";
  settings.command = std::move(command);
  settings.mode = reactord::ProgramMode::connection;
  return settings;
}

struct ProcessStage {
  explicit ProcessStage(reactord::ProgramSettings settings,
                        reactord::Clock& clock = reactord::Clock::monotonic())
      : reactor(clock),
        processes({reactor, programs, reserve}, std::move(settings)),
        handler(processes),
        server(reactor, {.observer = &observer}) {
    std::signal(SIGPIPE, SIG_IGN);
  }

  // Runs `body`, then until no connection and no process is left.
  template <typename Body>
  void run(Body body) {
    test::run(reactor, run_to_end(*this, +body));
    CHECK(processes.connections() == 0);
    CHECK(processes.processes() == 0);
    CHECK(server.open_connections() == 0);
    CHECK(server.check());
    CHECK(reactor.live_tasks() == 0);
    CHECK(reactor.open_descriptors() == 0);
  }

  reactord::Conn connect() {
    auto pair = reactord::buffered_pipe(reactor);
    server.serve(std::move(pair.first), handler, "upper");
    return std::move(pair.second);
  }

  DescriptorCheck descriptors;
  reactord::LaunchReserve reserve;
  reactord::Reactor reactor;
  RecordingObserver observer;
  RecordingProgramObserver programs;
  reactord::ProcessPerConnection processes;
  ByProcess handler;
  reactord::Server server;

 private:
  static reactord::Task<> run_to_end(ProcessStage& stage, reactord::Task<> (*body)(ProcessStage&)) {
    reactord::Task<> running = body(stage);
    co_await std::move(running);
    while (stage.server.open_connections() > 0) co_await stage.reactor.next_turn();
    reactord::Task<> stopping = stage.processes.stop();
    co_await std::move(stopping);
    if (!stage.server.is_draining()) stage.server.drain(std::chrono::seconds(1));
  }
};

}  // namespace test
