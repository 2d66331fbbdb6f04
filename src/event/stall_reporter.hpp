// StallReporter: measures the dispatches of a Reactor, and tells its observer of those that took too long.
//
//     observe()        whom to tell, and from when on a dispatch is a stall
//     turn_begins()    called where the Reactor's clock is virtual: the real time is another
//     end_dispatch()   the end of a dispatch, and the beginning of the next one
//     report()         looks at one that is suspicious
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>

#include "event/stall_meter.hpp"
#include "reactord/reactor_observer.hpp"

namespace reactord {

class LoopWait;

class StallReporter {
 public:
  explicit StallReporter(bool is_virtual) noexcept : is_virtual_(is_virtual) {}

  // null: none. With a threshold of zero nothing is measured.
  void observe(ReactorObserver* observer, Duration threshold);
  ReactorObserver* observer() const noexcept { return observer_; }  // null: none
  bool measures() const noexcept { return measures_; }

  void turn_begins() noexcept { turn_began_ = monotonic_now(); }
  // Only once something is measured. True when the dispatch took suspiciously long: then report() is to be called.
  bool end_dispatch() noexcept {
    assert(meter_);
    return meter_->end_dispatch();
  }
  // `served` is null where no Watch was served. `now`: the Reactor's time. The observer's own time is not measured.
  [[gnu::cold]] void report(const Watch* served, Time now, const LoopWait& own);

  std::uint64_t dispatch_id() const noexcept { return meter_ ? meter_->dispatch_id() : 0; }

 private:
  const bool is_virtual_;
  bool measures_ = false;
  ReactorObserver* observer_ = nullptr;
  Time turn_began_;
  std::optional<StallMeter> meter_;  // set once something has been measured
};

}  // namespace reactord
