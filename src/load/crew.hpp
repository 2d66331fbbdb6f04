// Crew: the processes that share the load, started together, and what they tell put together.
//
//     run_crew() --fork--> worker 0, worker 1, ...     each on its link
//        all ready --> start --> seconds, added up --> results, added up
//        ctrl-C --> stop: results of what was done;  a second one: the links are closed, and nothing is waited for
#pragma once

#include <functional>
#include <string>

#include "load/options.hpp"
#include "load/result.hpp"

namespace reactord::load {

struct CrewRun {
  LoadResult result;
  bool is_worker = false;  // this process is one of them, and done: it has nothing more to say
  bool aborted = false;    // by a second ctrl-C
  std::string failure;     // a sentence: no process could be started
};

// Each second is told as it ends: its number from 1. There must be no Reactor in this process.
CrewRun run_crew(const LoadOptions& options,
                 const std::function<void(std::size_t number, const LoadSecond& second)>& on_second);

}  // namespace reactord::load
