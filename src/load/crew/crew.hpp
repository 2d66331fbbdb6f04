// Crew: the processes that share the load, started together, and what they tell put together.
//
//     run_crew() --fork--> worker 0, worker 1, ...     each on its link
//        all ready --> start --> seconds, added up --> results, added up
//        ctrl-C --> stop: results of what was done;  a second one: all of them are killed, and nothing is waited for
#pragma once

#include <cstddef>
#include <string>

#include "load/crew/progress_line.hpp"
#include "load/options/options.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

struct CrewRun {
  LoadResult result;
  bool is_worker = false;  // this process is one of them, and done: it has nothing more to say
  bool aborted = false;    // by a second ctrl-C
  std::string failure;     // a sentence: no process could be started
};

// Is told what happens while the run goes on, in the process that began it.
struct CrewObserver {
  virtual ~CrewObserver() = default;
  virtual void on_second(std::size_t number,
                         const LoadSecond& second) = 0;  // it has ended; they count from 1
  // Once a second, before anything is measured: what was answered and failed so far, and is open.
  virtual void on_prelude(Progress::Phase phase, const LoadSecond& so_far) = 0;
  // A while after the first ctrl-C, while what is under way is waited for: another one ends it at once.
  virtual void on_interrupted() = 0;
};

// There must be no Reactor in this process.
CrewRun run_crew(const LoadOptions& options, CrewObserver& observer);

}  // namespace reactord::load
