#include "daemon/counters.hpp"

#include "base/system_process.hpp"

namespace reactord {

Counters::Counters(Reactor& reactor, const Server& server) noexcept
    : reactor_(reactor), server_(server), started_(reactor.now()) {}

void Counters::closed(const ConnectionEnd& end) noexcept {
  lines_ += end.lines;
  bytes_read_ += end.bytes_read;
  bytes_written_ += end.bytes_written;
}

void Counters::reloaded(std::size_t mistakes, std::chrono::system_clock::time_point now) noexcept {
  reload_ = mistakes == 0 ? Reload::done : Reload::failed;
  reload_mistakes_ = mistakes;
  reload_time_ = now;
}

void Counters::add_to(Log::Line& line) const {
  line.add("accepted", server_.accepted()).add("open", server_.open_connections());
  for (std::size_t index = 0; index < end_causes; ++index) {
    const auto cause = static_cast<EndCause>(index);
    line.add(to_string(cause), server_.ended(cause));
  }
  line.add("lines", lines_).add("in", bytes_read_).add("out", bytes_written_);
  line.add_seconds("uptime", reactor_.now() - started_);
  const std::size_t resident = system::resident_memory();
  if (resident > 0) line.add("resident", resident);  // left out when there is no /proc
  line.add("buffers", reactor_.buffers().bytes_in_use());
  line.add("reload", reload_ == Reload::none ? "none" : reload_ == Reload::done ? "done" : "failed");
  if (reload_ != Reload::none) line.add_time("reload-time", reload_time_);
  if (reload_ == Reload::failed) line.add("reload-mistakes", reload_mistakes_);
}

}  // namespace reactord
