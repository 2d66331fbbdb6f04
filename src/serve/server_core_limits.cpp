// The effect of new limits on open connections.
#include <utility>

#include "serve/limits_change.hpp"
#include "serve/server_core.hpp"

namespace reactord {
void ServerCore::set_limits(const Limits& limits) {
  const Limits before = std::exchange(options_.limits, within_reason(limits));
  delivery_.change_limit(options_.limits.output.high);
  for (const auto& service : services_) service->limits_changed();
  budget_.reset();  // first: its release would unset the new one
  budget_ = BufferBudget::make(reactor(), options_.limits.max_buffers, sessions_);
  reactor().observe(this, options_.limits.stall_threshold);
  begins_to_time_output_ |= before.write_timeout == 0ns && options_.limits.write_timeout > 0ns;
  if (concerns_sessions(before, options_.limits)) {
    limits_generation_ = static_cast<std::uint8_t>((limits_generation_ + 1) % Session::limits_generations);
    tell_limits();
  }
  admission_->limits_changed();
}

// In parts. New limits hold for all sessions already, except that a timer may be armed for later than they allow.
void ServerCore::tell_limits() {
  std::size_t left = told_per_turn;
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    if (session->knows_limits(limits_generation_)) continue;
    if (left-- == 0) return reactor().serve_next_turn(*this);
    session->learn_limits(limits_generation_);
    if (begins_to_time_output_) session->endpoint().begin_to_time_output();
  }
  begins_to_time_output_ = false;
}

}  // namespace reactord
