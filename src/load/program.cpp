#include "load/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "load/crew/children.hpp"
#include "load/crew/crew.hpp"
#include "load/crew/progress_line.hpp"
#include "load/report/outputs.hpp"
#include "load/report/surroundings.hpp"
#include "load/report/verdict.hpp"
#include "load/result/slo.hpp"
#include "load/result/text.hpp"
#include "load/result/threshold.hpp"

namespace reactord::load {
namespace {

constexpr std::uint64_t spare_descriptors = 64;  // beside those of connections

// The last line of every run that failed.
int failed(int status, const std::string& why) {
  std::fprintf(stderr, "FAILED: %s\n", printable(why).c_str());
  return status;
}

int end_with(const Verdict& verdict) {
  return verdict.is_failure() ? failed(verdict.status(), verdict.why()) : 0;
}

bool shows_progress(const LoadOptions& options) { return !options.quiet && ::isatty(STDERR_FILENO) == 1; }

// One line that the next one overwrites.
class ProgressDisplay final : public CrewObserver {
 public:
  explicit ProgressDisplay(const LoadOptions& options) : options_(options), is_on_(shows_progress(options)) {}
  ~ProgressDisplay() override {
    if (is_on_ && !is_clear_) std::fputs("\r\x1b[K", stderr);
  }
  void on_second(std::size_t number, const LoadSecond& second) override {
    errors_ += second.errors;
    Progress progress;
    progress.second = second;
    const Duration length = options_.duration - (static_cast<std::int64_t>(number) - 1) * 1s;
    if (length > 0ns && length < 1s) {  // the last one, cut short
      const double a_second = 1e9 / static_cast<double>(length.count());
      progress.second.requests = static_cast<std::uint64_t>(static_cast<double>(second.requests) * a_second);
    }
    progress.left = std::max(options_.duration - Duration(number * 1s), Duration(0));
    show(progress);
  }
  void on_prelude(Progress::Phase phase, const LoadSecond& so_far) override {
    errors_ = so_far.errors;
    Progress progress;
    progress.phase = phase;
    progress.second = so_far;
    if (phase == Progress::Phase::warming_up) {
      if (warm_up_ends_ == Time()) warm_up_ends_ = monotonic_now() + options_.warmup + -Duration(1s);
      progress.left = warm_up_ends_ - monotonic_now();
      progress.second.requests = so_far.requests - std::min(so_far.requests, answered_);
      answered_ = so_far.requests;
    }
    show(progress);
  }
  void on_interrupted() override {
    if (options_.quiet) return;
    if (!is_clear_) std::fputc('\n', stderr);
    is_clear_ = true;
    std::fputs("reactord-load: interrupted, waits for the replies; once more ends it at once\n", stderr);
  }

 private:
  void show(Progress& progress) {
    if (!is_on_) return;
    progress.errors = errors_;
    progress.connections_wanted = options_.connections + options_.hold;
    std::fprintf(stderr, "\r\x1b[K%s", progress_line(progress).c_str());
    is_clear_ = false;
  }

  const LoadOptions& options_;
  const bool is_on_;
  bool is_clear_ = true;
  std::uint64_t errors_ = 0, answered_ = 0;  // so far; the latter in the warm-up
  Time warm_up_ends_;
};

CrewRun run_once(const LoadOptions& options) {
  ProgressDisplay display(options);
  CrewRun run = run_crew(options, display);
  run.result.configuration = configuration_of(options);
  run.result.environment = surroundings();
  return run;
}

int conclude(const LoadOptions& options, const LoadResult& result) {
  release_signals();  // a report may go to a pipe that nobody reads
  Verdict verdict = judge_run(options, result);
  write_outputs(options, result, verdict);
  return end_with(verdict);
}

// Whether the rate was kept, and the condition at it.
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

// What a search came to; `best` is of the knee.
int conclude_search(const LoadOptions& options, const SloSearch& search, const LoadResult& best, bool is_ours,
                    bool was_interrupted) {
  if (search.knee() == 0 && was_interrupted) {
    return failed(exit_interrupted,
                  "ended by a signal before --slo " + options.slo + " was kept at any rate");
  }
  if (search.knee() == 0 && is_ours) {
    return failed(exit_failed, "--slo " + options.slo + ": no verdict: the generator was the bottleneck at " +
                                   rate_text(search.broken()));
  }
  if (search.knee() == 0) return failed(exit_condition, "--slo " + options.slo + ": held at no rate");
  if (!options.quiet) {
    std::printf("Knee: %s is the highest rate that keeps %s", rate_text(search.knee()).c_str(),
                options.slo.c_str());
    const std::string next = rate_text(search.broken());
    if (search.broken() > 0 && is_ours) {
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
  bool is_ours = false;  // the lowest rate that broke, by the generator's own fault
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
    if (!held) is_ours = run.result.is_bottleneck;
    if (held) best = std::move(run.result);
    search.tried(held);
    if (is_generators_limit && search.knee() > 0) search.stop();
  }
  return conclude_search(options, search, best, is_ours, was_interrupted);
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
