// StopSignals: SIGINT and SIGTERM on a Reactor. The first one asks for a drain, a later one for a kill. It keeps no run()
// going.
//
//     waiting --signal--> draining --signal, second_after later--> kill, and again at each further one
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "reactord/error.hpp"
#include "reactord/time.hpp"
#include "reactord/watch.hpp"

namespace reactord {

enum class Stop : std::uint8_t {
  drain,  // received lines are answered first
  kill    // at once
};

class StopSignals final : public Watch {
 public:
  // A second signal counts from then on: timeout(1) sends its own to its child, and to the group of its child.
  static constexpr Duration second_after = 1s;

  // `stop` is called from the loop. Errors: those of signalfd(2) and Reactor::add().
  static Result<WatchHandle<StopSignals>> open(Reactor& reactor, std::function<void(Stop)> stop);

 private:
  StopSignals(Reactor& reactor, int fd, std::function<void(Stop)> stop) noexcept
      : Watch(reactor, fd), stop_(std::move(stop)) {}

  void on_ready(Readiness readiness) override;
  void on_release() override;
  void on_shutdown() override;

  std::function<void(Stop)> stop_;
  std::optional<Time> drain_began_;
};

}  // namespace reactord
