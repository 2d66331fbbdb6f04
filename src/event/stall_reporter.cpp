#include "event/stall_reporter.hpp"

#include "event/loop_wait.hpp"

namespace reactord {

void StallReporter::observe(ReactorObserver* observer, Duration threshold) {
  observer_ = observer;
  measures_ = observer != nullptr && threshold > 0s;
  if (!measures_) return;
  if (!meter_) meter_.emplace();
  meter_->set_threshold(threshold);
  meter_->begin_dispatch();
}

void StallReporter::report(const Watch* served, Time now, const LoopWait& own) {
  const Duration took = meter_->stall(is_virtual_ ? turn_began_ : now);
  if (took > 0s && measures_) observer_->on_stall(own.is_own(served) ? nullptr : served, took);
  meter_->begin_dispatch();
}

}  // namespace reactord
