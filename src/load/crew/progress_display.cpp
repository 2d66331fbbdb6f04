#include "load/crew/progress_display.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace reactord::load {

ProgressDisplay::ProgressDisplay(const LoadOptions& options)
    : options_(options), is_on_(!options.quiet && ::isatty(STDERR_FILENO) == 1) {}

ProgressDisplay::~ProgressDisplay() {
  if (is_on_ && !is_clear_) std::fputs("\r\x1b[K", stderr);
}

void ProgressDisplay::on_second(std::size_t number, const LoadSecond& second) {
  errors_ += second.errors;
  Progress progress;
  progress.second = second;
  const Duration length = options_.duration - (static_cast<std::int64_t>(number) - 1) * 1s;
  if (length > 0ns && length < 1s) {  // the last second is cut short
    const double per_second = 1e9 / static_cast<double>(length.count());
    progress.second.requests = static_cast<std::uint64_t>(static_cast<double>(second.requests) * per_second);
  }
  progress.left = std::max(options_.duration - Duration(number * 1s), Duration(0));
  show(progress);
}

void ProgressDisplay::on_prelude(Progress::Phase phase, const LoadSecond& so_far) {
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

void ProgressDisplay::on_interrupted() {
  if (options_.quiet) return;
  if (!is_clear_) std::fputc('\n', stderr);
  is_clear_ = true;
  std::fputs("reactord-load: interrupted, waits for the replies; once more ends it at once\n", stderr);
}

void ProgressDisplay::show(Progress& progress) {
  if (!is_on_) return;
  progress.errors = errors_;
  progress.connections_wanted = options_.connections + options_.hold;
  std::fprintf(stderr, "\r\x1b[K%s", progress_line(progress).c_str());
  is_clear_ = false;
}

}  // namespace reactord::load
