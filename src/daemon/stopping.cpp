#include "daemon/stopping.hpp"

#include <csignal>

namespace reactord {

bool Stopping::stop(int number, Duration drain_timeout) {
  const Time now = reactor_.now();
  if (began_ && now - *began_ < second_after) return false;
  const std::string_view signal = number == SIGTERM ? "SIGTERM" : number == SIGINT ? "SIGINT" : "SIGHUP";
  if (began_) {
    log_.line(LogLevel::info, "stopping-now")
        .add("signal", signal)
        .add("connections", server_.open_connections());
    server_.kill();
    return false;
  }
  began_ = now;
  server_.drain(drain_timeout);
  tell_drain(signal, drain_timeout);
  return true;
}

void Stopping::tell_drain(std::string_view signal, Duration timeout) {
  const OpenWork work = server_.open_work();
  log_.line(LogLevel::info, "draining")
      .add("signal", signal)
      .add("connections", server_.open_connections())
      .add("half-lines", work.half_lines)
      .add("unsent", work.unsent)
      .add("streams", work.streams)
      .add_seconds("at-most", timeout);
}

}  // namespace reactord
