#include "load/program.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "load/crew/children.hpp"
#include "load/crew/crew.hpp"
#include "load/crew/progress_display.hpp"
#include "load/report/environment.hpp"
#include "load/report/outputs.hpp"
#include "load/report/verdict.hpp"
#include "load/result/slo_search.hpp"
#include "load/result/text.hpp"
#include "load/result/threshold.hpp"

namespace reactord::load {
namespace {

constexpr std::uint64_t spare_descriptors = 64;  // beside those of the connections

// Writes the last line of a run that failed.
int failed(int status, const std::string& why) {
  std::fprintf(stderr, "FAILED: %s\n", printable(why).c_str());
  return status;
}

int end_with(const Verdict& verdict) {
  return verdict.is_failure() ? failed(verdict.status(), verdict.why()) : 0;
}

CrewRun run_once(const LoadOptions& options) {
  ProgressDisplay display(options);
  CrewRun run = run_crew(options, display);
  run.result.configuration = configuration_of(options);
  run.result.environment = environment();
  return run;
}

int conclude(const LoadOptions& options, const LoadResult& result) {
  release_signals();  // the report may block on a pipe without a reader
  Verdict verdict = judge_run(options, result);
  write_outputs(options, result, verdict);
  return end_with(verdict);
}

// Whether the run kept its rate and the condition at it.
bool holds(const Threshold& condition, const LoadResult& result) {
  return is_met(condition, result) && result.errors.empty() && result.unsent_by_generator == 0;
}

void show_try(const LoadOptions& options, double rate, bool held, const LoadResult& result,
              const Threshold& condition) {
  if (options.quiet) return;
  const char* const verdict = held ? "holds" : result.is_bottleneck ? "no verdict" : "broken";
  std::fprintf(stderr, "%-12s %-7s %s%s\n", rate_text(rate).c_str(), verdict,
               judge(condition, result).text.c_str(),
               result.is_bottleneck ? " (the generator was the bottleneck)" : "");
}

// Reports the outcome of a search. `best` is the result at the knee.
int conclude_search(const LoadOptions& options, const SloSearch& search, const LoadResult& best,
                    bool is_bottleneck, bool was_interrupted) {
  if (search.knee() == 0 && was_interrupted) {
    return failed(exit_interrupted,
                  "ended by a signal before --slo " + options.slo + " was kept at any rate");
  }
  if (search.knee() == 0 && is_bottleneck) {
    return failed(exit_failed, "--slo " + options.slo + ": no verdict: the generator was the bottleneck at " +
                                   rate_text(search.broken()));
  }
  if (search.knee() == 0) return failed(exit_condition, "--slo " + options.slo + ": held at no rate");
  if (!options.quiet) {
    std::printf("Knee: %s is the highest rate that keeps %s", rate_text(search.knee()).c_str(),
                options.slo.c_str());
    const std::string next = rate_text(search.broken());
    if (search.broken() > 0 && is_bottleneck) {
      std::printf("; at %s the generator was the bottleneck, so there is no verdict", next.c_str());
    } else if (search.broken() > 0) {
      std::printf("; %s does not", next.c_str());
    }
    std::fputc('\n', stdout);
  }
  return conclude(options, best);
}

int search(LoadOptions options) {
  const auto condition = parse_threshold(options.slo);
  if (!condition) return failed(exit_usage, "--slo " + condition.error());
  SloSearch search(options.rate);
  LoadResult best;
  bool was_interrupted = false;
  bool is_bottleneck = false;  // the generator was the bottleneck at the lowest rate that broke
  while (!search.is_over()) {
    options.rate = search.next();
    CrewRun run = run_once(options);
    if (run.is_worker) return 0;
    if (!run.failure.empty()) return failed(exit_failed, run.failure);
    if (run.aborted) return failed(exit_interrupted, "ended by a second signal");
    was_interrupted = run.result.interrupted;
    if (was_interrupted) break;
    const bool is_hopeless = run.result.connections_opened == 0 || run.result.has_wrong_replies();
    if (is_hopeless) return conclude(options, run.result);
    const bool held = holds(*condition, run.result);
    show_try(options, options.rate, held, run.result, *condition);
    const bool is_generators_limit = !held && run.result.is_bottleneck;
    if (!held) is_bottleneck = run.result.is_bottleneck;
    if (held) best = std::move(run.result);
    search.tried(held);
    if (is_generators_limit && search.knee() > 0) search.stop();
  }
  return conclude_search(options, search, best, is_bottleneck, was_interrupted);
}

}  // namespace

int run_program(LoadOptions options) {
  const auto harmless = check_overwriting(options);
  if (!harmless) return failed(exit_usage, harmless.error());
  const auto writable = check_outputs(options);
  if (!writable) return failed(exit_failed, writable.error());
  if (!options.compare.empty()) return end_with(compare_files(options));
  const auto limit = static_cast<std::uint64_t>(system::raise_descriptor_limit());
  const std::uint64_t needed = (options.connections + options.hold) / options.processes + spare_descriptors;
  if (needed > limit) {
    return failed(exit_usage, "this many connections need " + std::to_string(needed) +
                                  " descriptors in each process, and " + std::to_string(limit) +
                                  " are granted: raise ulimit -n, or share them with -t");
  }
  const auto resolved = resolve_target(options);
  if (!resolved) return failed(exit_failed, resolved.error());
  if (!options.slo.empty()) return search(std::move(options));
  const CrewRun run = run_once(options);
  if (run.is_worker) return 0;
  if (!run.failure.empty()) return failed(exit_failed, run.failure);
  if (run.aborted) return failed(exit_interrupted, "ended by a second signal");
  return conclude(options, run.result);
}

}  // namespace reactord::load
