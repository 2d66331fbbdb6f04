// Crew: the processes that share the load. They start together, and their results are added up.
//
//     run_crew() --fork--> worker 0, worker 1, ...     each on its link
//        all ready --> start --> seconds, added up --> results, added up
//        ctrl-C --> stop: results so far;  a second ctrl-C: all workers are killed, and nothing is waited for
#pragma once

#include <cstddef>
#include <string>

#include "load/crew/progress_line.hpp"
#include "load/options/options.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

struct CrewRun {
  LoadResult result;
  bool is_worker = false;  // this process is a worker and done: it must exit without output
  bool aborted = false;    // by a second ctrl-C
  std::string failure;     // a sentence; empty: the processes could be started
};

// Observes the run from the process that began it.
struct CrewObserver {
  virtual ~CrewObserver() = default;
  // A measured second has ended. Seconds count from 1.
  virtual void on_second(std::size_t number, const LoadSecond& second) = 0;
  // Comes once a second before the first measured one: the answers and failures so far, and the open connections.
  virtual void on_prelude(Progress::Phase phase, const LoadSecond& so_far) = 0;
  // Comes shortly after the first ctrl-C, while replies are waited for. Another ctrl-C ends the run at once.
  virtual void on_interrupted() = 0;
};

// There must be no Reactor in this process.
CrewRun run_crew(const LoadOptions& options, CrewObserver& observer);

}  // namespace reactord::load
