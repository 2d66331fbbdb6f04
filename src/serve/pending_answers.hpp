// PendingAnswers: the answers that a stream's handler still owes its peer, as its session sees them.
#pragma once

#include <cstddef>
#include <string_view>

#include "reactord/time.hpp"

namespace reactord {

class PendingAnswers {
 public:
  virtual bool are_due() const noexcept = 0;  // while they are, the peer is not idle: it waits for the server
  // When the last one that was due was given, if it was empty too; before all time if none was.
  virtual Time last_given() const noexcept = 0;
  virtual void nobody_waits() noexcept = 0;  // the connection has been given up: no answer will be heard
  // Sends `words` of the server's own behind the answers that are due. Result: how many bytes of such words wait; 0 when
  // no answer is due, and nothing is done. Throws std::bad_alloc.
  virtual std::size_t say_behind(std::string_view words) = 0;

 protected:
  ~PendingAnswers() = default;
};

}  // namespace reactord
