#include "load/crew/crew.hpp"

#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "load/crew/children.hpp"
#include "load/crew/supervisor.hpp"
#include "load/crew/worker.hpp"
#include "reactord/listener.hpp"
#include "reactord/signals.hpp"

namespace reactord::load {
namespace {

struct Started {
  std::vector<pid_t> workers;
  std::vector<int> links;
};

// Nothing: this process is a worker, and it is done.
std::optional<Started> start_workers(const LoadOptions& options, CrewRun& run) {
  Started started;
  for (std::uint64_t index = 0; index < options.processes; ++index) {
    int ends[2];
    const int failure = system::socket_pair(ends);
    const pid_t pid = failure < 0 ? failure : system::fork();
    if (pid == 0) {
      for (const int link : started.links) system::close(link);
      system::close(ends[0]);
      run_worker(share_of(options, index), ends[1]);
      return std::nullopt;
    }
    if (failure == 0) system::close(ends[1]);
    if (pid < 0) {
      if (failure == 0) system::close(ends[0]);
      run.failure = "can't start a process: " + errno_text(-pid);
      return started;
    }
    started.workers.push_back(pid);
    started.links.push_back(ends[0]);
  }
  return started;
}

void supervise(const std::vector<int>& links, CrewRun& run, CrewObserver& observer) {
  Reactor reactor;
  auto signals = Signals::open(reactor, {SIGINT, SIGTERM});
  Supervisor supervisor(reactor, run, observer);
  if (!signals) run.failure = signals.error().text();
  for (const int link : links) {
    auto conn = adopt_conn(reactor, link);
    if (conn) {
      supervisor.add(std::move(*conn));
    } else {
      run.failure = conn.error().text();
      system::close(link);
    }
  }
  if (!run.failure.empty()) return;  // closes the links, which ends the workers
  supervisor.start();
  reactor.spawn(supervisor.handle_signals(*signals));
  const auto ran = reactor.run();
  if (!ran) run.failure = ran.error().text();
  supervisor.conclude();
  reactor.shutdown();
}

}  // namespace

CrewRun run_crew(const LoadOptions& options, CrewObserver& observer) {
  CrewRun run;
  run.result.open_loop = options.is_open_loop();
  system::block_signal(SIGINT);  // the workers inherit both blocked, and Signals reads them
  system::block_signal(SIGTERM);
  auto started = start_workers(options, run);
  if (!started) {
    run.is_worker = true;
    return run;
  }
  if (run.failure.empty()) {
    supervise(started->links, run, observer);
  } else {
    for (const int link : started->links) system::close(link);  // ends the workers
  }
  for (const pid_t worker : started->workers) {
    if (run.aborted) kill_child(worker);
    system::wait_for_child(worker);
  }
  if (!run.result.open_loop && run.result.response.count() == 0) run.result.response = run.result.service;
  return run;
}

}  // namespace reactord::load
