// What new limits mean for those who are connected.
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
namespace {

bool are_times_different(const Limits& one, const Limits& other) noexcept {
  return one.idle_timeout != other.idle_timeout || one.line_timeout != other.line_timeout ||
         one.lifetime != other.lifetime || one.lifetime_jitter_percent != other.lifetime_jitter_percent;
}

// Zero is none, and so the longest.
bool is_any_shorter(const Limits& before, const Limits& now) noexcept {
  const auto is_shorter = [](Duration old_time, Duration new_time) {
    return new_time > 0ns && (old_time == 0ns || new_time < old_time);
  };
  return is_shorter(before.idle_timeout, now.idle_timeout) ||
         is_shorter(before.line_timeout, now.line_timeout);
}

}  // namespace

void ServerCore::set_limits(const Limits& limits) {
  const Limits before = std::exchange(options_.limits, within_reason(limits));
  if (are_times_different(before, options_.limits)) times_changed_ = reactor().now();
  delivery_.change_limit(options_.limits.output.high);
  for (const auto& service : services_) service->limits_changed();
  budget_.reset();  // first: the sessions have one
  budget_ = BufferBudget::watch(reactor(), options_.limits.max_buffers, sessions_);
  reactor().observe(this, options_.limits.stall_threshold);
  const bool stalls_count = before.write_timeout == 0ns && options_.limits.write_timeout > 0ns;
  const bool is_shorter = is_any_shorter(before, options_.limits);
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    session->limits_changed(is_shorter);
    if (stalls_count) session->endpoint().begin_to_watch_output();
  }
  admission_->limits_changed();
}

}  // namespace reactord
