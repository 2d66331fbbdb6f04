// What new limits mean for those who are connected.
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {
void ServerCore::set_limits(const Limits& limits) {
  const Limits before = std::exchange(options_.limits, within_reason(limits));
  delivery_.change_limit(options_.limits.output.high);
  for (const auto& service : services_) service->limits_changed();
  budget_.reset();  // first: the sessions have one
  budget_ = BufferBudget::watch(reactor(), options_.limits.max_buffers, sessions_);
  reactor().observe(this, options_.limits.stall_threshold);
  const bool stalls_count = before.write_timeout == 0ns && options_.limits.write_timeout > 0ns;
  for (Session* session = sessions_.first(); session != nullptr; session = sessions_.next(*session)) {
    session->limits_changed();
    if (stalls_count) session->endpoint().begin_to_watch_output();
  }
  admission_->limits_changed();
}

}  // namespace reactord
