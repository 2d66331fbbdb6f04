#include "daemon/stopping.hpp"

#include <csignal>

#include "serve/stop_signals.hpp"

namespace reactord {

Stopping::Order Stopping::by_signal(int number) noexcept {
  return {"signal", number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGHUP"};
}

bool Stopping::stop(Order order, Duration drain_timeout) {
  const Time now = reactor_.now();
  if (began_ && now - *began_ < StopSignals::second_after) return false;
  if (began_) {
    log_.line(LogLevel::info, "stopping-now")
        .add(order.key, order.name)
        .add("connections", server_.open_connections());
    until_ = now;
    hooks_.hurry();
    server_.kill();
    return false;
  }
  began_ = now;
  until_ = now + drain_timeout;
  server_.drain(drain_timeout);
  tell_drain(order, drain_timeout);
  return true;
}

void Stopping::tell_drain(Order order, Duration timeout) {
  const OpenWork work = server_.open_work();
  log_.line(LogLevel::info, "draining")
      .add(order.key, order.name)
      .add("connections", server_.open_connections())
      .add("half-lines", work.half_lines)
      .add("unsent", work.unsent)
      .add("streams", work.streams)
      .add_seconds("at-most", timeout);
}

}  // namespace reactord
