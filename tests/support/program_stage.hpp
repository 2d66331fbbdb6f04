// ProgramStage: a Server on the real clock whose connections a program serves. Its processes are real ones; its clients are
// ends of buffered pipes.
#pragma once

#include <csignal>

#include <string>
#include <utility>
#include <vector>

#include "protocols/programs/served_program.hpp"
#include "reactord/pipe.hpp"
#include "reactord/server.hpp"
#include "support/recording_observer.hpp"
#include "support/server_stage.hpp"

namespace test {

// Notes what programs did: "started 1", "ended: exit status 3, no answer in 30s, 2 lost".
class RecordingProgramObserver final : public reactord::ProgramObserver {
 public:
  void on_program_started(const reactord::ProgramProcess& process) override {
    events.push_back("started " + std::to_string(process.number));
    pids.push_back(process.pid);
  }
  void on_program_ended(const reactord::ProgramProcess&, const reactord::ProgramEnd& end) override {
    std::string event = "ended: " + std::string(end.status);
    if (!end.reason.empty()) event += ", " + std::string(end.reason);
    if (end.lost > 0) event += ", " + std::to_string(end.lost) + " lost";
    events.push_back(event);
    pauses.push_back(end.pause);
  }
  void on_program_not_started(const reactord::ProgramProcess&, const reactord::Error& error,
                              reactord::Duration pause) override {
    events.push_back("not started: " + error.text());
    pauses.push_back(pause);
  }
  void on_program_said(const reactord::ProgramProcess&, std::string_view line, bool) override {
    events.push_back("said: " + std::string(line));
  }
  void on_program_silent(const reactord::ProgramProcess&, std::string_view hint) override {
    events.push_back("silent: " + std::string(hint));
  }
  void on_program_gave_no_answer(const reactord::ProgramProcess&, const reactord::Address&) override {
    events.push_back("no answer");
  }
  bool has(std::string_view event) const { return std::ranges::find(events, event) != events.end(); }

  std::vector<std::string> events;
  std::vector<pid_t> pids;
  std::vector<reactord::Duration> pauses;
};

struct ProgramStage {
  explicit ProgramStage(std::vector<std::string> command, const reactord::Limits& limits = {})
      : server(reactor, {.limits = limits, .observer = &observer}) {
    std::signal(SIGPIPE, SIG_IGN);
    settings.name = "upper";
    settings.command = std::move(command);
  }

  // Runs `body` with the program started; stops it afterwards.
  template <typename Body>
  void run(Body body) {
    program.emplace(reactord::ProgramHost{reactor, programs, reserve}, settings);
    test::run(reactor, run_started(*this, +body));
    program.reset();
    CHECK(server.open_connections() == 0);
    CHECK(server.check());
    CHECK(reactor.live_tasks() == 0);
  }

  reactord::Conn connect() {
    auto pair = reactord::buffered_pipe(reactor);
    server.serve(std::move(pair.first), *program, "upper");
    return std::move(pair.second);
  }

  // Turns until `is_so` of this stage.
  template <typename Condition>
  reactord::Task<> until(Condition is_so) {
    while (!is_so(*this)) {
      auto slept = co_await reactor.sleep(1ms);
      CHECK(slept.has_value());
    }
  }

  DescriptorCheck descriptors;
  reactord::LaunchReserve reserve;
  reactord::Reactor reactor;
  RecordingObserver observer;
  RecordingProgramObserver programs;
  reactord::ProgramSettings settings;
  std::optional<reactord::ServedProgram> program;  // outlives the server
  reactord::Server server;

 private:
  static reactord::Task<> run_started(ProgramStage& stage, reactord::Task<> (*body)(ProgramStage&)) {
    stage.program->start();
    reactord::Task<> running = body(stage);
    co_await std::move(running);
    while (stage.server.open_connections() > 0) {
      auto slept = co_await stage.reactor.sleep(1ms);
      CHECK(slept.has_value());
    }
    reactord::Task<> stopping = stage.program->stop();
    co_await std::move(stopping);
  }
};

}  // namespace test
