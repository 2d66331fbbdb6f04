// ResumedSession: the session that the loop has resumed last from its queue. A stall in that dispatch is its handler's.
#pragma once

#include <cstdint>

namespace reactord {

class Session;

class ResumedSession {
 public:
  void resumed(const Session& session, std::uint64_t dispatch) noexcept {
    session_ = &session;
    dispatch_ = dispatch;
  }
  // Another session serves its connection now; null: none, it has ended.
  void replaced(const Session& former, const Session* now) noexcept {
    if (session_ == &former) session_ = now;
  }
  // The session that was resumed in this dispatch; null when none was.
  const Session* in(std::uint64_t dispatch) const noexcept {
    return dispatch_ == dispatch ? session_ : nullptr;
  }

 private:
  const Session* session_ = nullptr;  // null when it is gone
  std::uint64_t dispatch_ = 0;
};

}  // namespace reactord
