#include "daemon/counters.hpp"

#include "base/system_process.hpp"

namespace reactord {

void add_counter(Log::Line& line, std::string_view name, const CounterValue& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value)) {
    line.add(name, *number);
  } else if (const auto* duration = std::get_if<Duration>(&value)) {
    line.add_seconds(name, *duration);
  } else if (const auto* text = std::get_if<std::string_view>(&value)) {
    line.add(name, *text);
  } else {
    line.add_time(name, std::get<std::chrono::system_clock::time_point>(value));
  }
}

Counters::Counters(Reactor& reactor, const Server& server) noexcept
    : reactor_(reactor), server_(server), started_(reactor.now()) {}

void Counters::closed(const ConnectionEnd& end) noexcept {
  totals_.closed(end);
  events_.closed(end);
}

void Counters::reloaded(std::size_t mistakes, std::chrono::system_clock::time_point now) noexcept {
  reload_ = mistakes == 0 ? Reload::done : Reload::failed;
  reload_mistakes_ = mistakes;
  ++(mistakes == 0 ? reloads_.done : reloads_.failed);
  reloads_.last = now;
}

void Counters::tell(TellCounter& tell) const {
  tell("accepted", server_.accepted());
  tell("open", std::uint64_t{server_.open_connections()});
  for (std::size_t index = 0; index < end_causes; ++index) {
    const auto cause = static_cast<EndCause>(index);
    tell(to_string(cause), server_.ended(cause));
  }
  tell("lines", totals_.ended().lines);
  tell("in", totals_.ended().bytes_read);
  tell("out", totals_.ended().bytes_written);
  tell("uptime", reactor_.now() - started_);
  const std::size_t resident = system::resident_memory();
  if (resident > 0) tell("resident", std::uint64_t{resident});  // left out when there is no /proc
  tell("buffers", std::uint64_t{reactor_.buffers().bytes_in_use()});
  const bool is_done = reload_ == Reload::done;
  tell("reload", std::string_view(reload_ == Reload::none ? "none" : is_done ? "done" : "failed"));
  if (reload_ != Reload::none) tell("reload-time", reloads_.last);
  if (reload_ == Reload::failed) tell("reload-mistakes", std::uint64_t{reload_mistakes_});
}

void Counters::add_to(Log::Line& line) const {
  TellCounter add = [&line](std::string_view name, const CounterValue& value) {
    add_counter(line, name, value);
  };
  tell(add);
}

}  // namespace reactord
