#include "reactord/run_until_signal.hpp"

#include <utility>

#include "serve/stop_signals.hpp"

namespace reactord {

Result<void> run_until_signal(Server& server, RunUntilSignalOptions options) {
  auto signals = StopSignals::open(server.reactor(), [&server, options](Stop how) {
    if (how == Stop::kill) return server.kill();
    server.drain(options.drain_timeout);
  });
  if (!signals) return std::unexpected(std::move(signals).error());
  return server.reactor().run();
}

}  // namespace reactord
