// ProgressDisplay: shows a run on standard error while it goes on: one line that the next one overwrites. Shows nothing
// with --quiet, and no progress where standard error is no terminal.
#pragma once

#include <cstdint>

#include "load/crew/crew.hpp"
#include "load/options/options.hpp"

namespace reactord::load {

class ProgressDisplay final : public CrewObserver {
 public:
  explicit ProgressDisplay(const LoadOptions& options);  // `options` must outlive it
  ~ProgressDisplay() override;                           // clears the line

  void on_second(std::size_t number, const LoadSecond& second) override;
  void on_prelude(Progress::Phase phase, const LoadSecond& so_far) override;
  void on_interrupted() override;

 private:
  void show(Progress& progress);

  const LoadOptions& options_;
  const bool is_on_;
  bool is_clear_ = true;
  std::uint64_t errors_ = 0;    // so far
  std::uint64_t answered_ = 0;  // so far, in the warm-up
  Time warm_up_ends_;
};

}  // namespace reactord::load
