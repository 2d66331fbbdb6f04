#include "serve/stop_signals.hpp"

#include <csignal>
#include <utility>

#include "event/signal_descriptor.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

Result<WatchHandle<StopSignals>> StopSignals::open(Reactor& reactor, std::function<void(Stop)> stop) {
  const int fd = open_signal_descriptor({SIGINT, SIGTERM});
  if (fd < 0) return std::unexpected(Error::from_errno(-fd, "signalfd"));
  WatchHandle<StopSignals> signals(new StopSignals(reactor, fd, std::move(stop)));
  if (auto added = reactor.add(*signals); !added) return std::unexpected(std::move(added).error());
  return signals;
}

// Both signals may be there at once, and no second edge reports the other.
void StopSignals::on_ready(Readiness) {
  while (!is_retired() && take_signal(fd()) != 0) {
    const Time now = reactor().now();
    if (!drain_began_) {
      drain_began_ = now;
      stop_(Stop::drain);
    } else if (now - *drain_began_ >= second_after) {
      stop_(Stop::kill);
    }
  }
}

void StopSignals::on_release() { reactor().retire(*this); }
void StopSignals::on_shutdown() { reactor().retire(*this); }

}  // namespace reactord
