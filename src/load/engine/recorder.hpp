// Recorder: the measurements of one process: the current second, and the sum of all seconds before it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "load/result/result.hpp"
#include "reactord/error.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

// The phase that failed and its cause: "connect ECONNREFUSED", "read eof", "connect timeout".
std::string error_name(std::string_view phase, const Error& error);

class Recorder {
 public:
  Recorder(bool open_loop, Duration timeout) noexcept : timeout_(timeout) { result_.open_loop = open_loop; }

  // Sets the measured window. Answers count when they come within it. Times count for requests that are due within it (in
  // a closed loop: sent within it), however late their answers come.
  void measure(Time begin, Time end) noexcept {
    begin_ = begin;
    end_ = end;
  }
  void end_at(Time end) noexcept { end_ = std::min(end, end_); }
  Time begin() const noexcept { return begin_; }
  Time end() const noexcept { return end_; }
  bool is_measuring(Time now) const noexcept { return now >= begin_ && now < end_; }

  // Records `count` requests that were due at the same time, sent at the same time, and answered `now`.
  void answered(Time due, Time sent, Time now, std::uint64_t count) {
    const bool within = is_measuring(now);
    (within ? second_.requests : answered_outside(now)) += count;
    if (!is_measuring(due)) return;
    service_.record(nanoseconds_between(sent, now), count);
    if (result_.open_loop) response_.record(nanoseconds_between(due, now), count);
  }
  // Records requests that have no right answer and will get none. They count as having waited at least their timeout.
  void unanswered(Time due, Time sent, Time now, std::uint64_t count) {
    if (!is_measuring(due)) return;
    result_.unanswered += count;
    service_.record(nanoseconds_between(sent, std::max(now, sent + timeout_)), count);
    if (result_.open_loop) response_.record(nanoseconds_between(due, std::max(now, due + timeout_)), count);
  }
  // Records requests that were due and never sent, in the same way.
  void never_sent(Time due, Time now, std::uint64_t count) {
    if (!is_measuring(due)) return;
    result_.unanswered += count;
    Histogram& times = result_.open_loop ? response_ : service_;
    times.record(nanoseconds_between(due, std::max(now, due + timeout_)), count);
  }
  void sent(Time due, Time now, std::uint64_t count) {
    const bool within = is_measuring(due);
    (within ? result_.sent : due < begin_ ? result_.warmup_sent : result_.sent_after) += count;
    if (!within) return;
    if (!result_.open_loop) return;
    result_.lateness.record(nanoseconds_between(due, now), count);
    if (now - due > result_.late_after) result_.late_sends += count;
  }
  void transferred(std::uint64_t bytes_read, std::uint64_t bytes_written, Time now) noexcept {
    if (!is_measuring(now)) return;
    result_.bytes_read += bytes_read;
    result_.bytes_written += bytes_written;
  }
  void failed(const std::string& name, const std::string& example, std::uint64_t count = 1);
  void connected(Duration took) { result_.connect.record(static_cast<std::uint64_t>(took.count())); }
  void first_byte(Duration took) { result_.first_byte.record(static_cast<std::uint64_t>(took.count())); }

  // Ends the current second. Its values and its response times stay valid until the next one ends.
  const LoadSecond& end_second(std::uint64_t open_connections);
  const Histogram& responses_of_second() const noexcept { return ended_response_; }

  LoadResult& result() noexcept { return result_; }
  const LoadResult& result() const noexcept { return result_; }
  LoadResult finish();  // moves the whole result out: called once

 private:
  static std::uint64_t nanoseconds_between(Time from, Time to) noexcept {
    return to > from ? static_cast<std::uint64_t>((to - from).count()) : 0;
  }
  std::uint64_t& answered_outside(Time now) noexcept {
    return now < begin_ ? result_.warmup_answered : result_.answered_after;
  }
  void add_up();

  const Duration timeout_;
  Time begin_ = Time::never(), end_ = Time::never();
  LoadSecond second_;
  Histogram response_, service_;  // of the current second
  Histogram ended_response_;
  LoadResult result_;
};

}  // namespace reactord::load
