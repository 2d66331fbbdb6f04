// LogFollower: is given each line that the log takes, as it is made.
//
//     Log::Line --- complete ---> the log's queue ---> its descriptor
//                                   +--> LogFollower, LogFollower ...
//
// A line below the level of the log is not made, and so is not followed. Nor is a line that the log drops, because it broke
// off or because the descriptor has no room; one that the descriptor refuses later, as a full disk does, has been. Without
// followers a line costs one test.
#pragma once

#include <cstdint>
#include <string_view>

#include "reactord/list.hpp"

namespace reactord {

enum class LogLevel : std::uint8_t;

class LogFollower {
 public:
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  // Called at the end of a line, amid whatever makes it: it must neither log nor leave the log. `text` is the line from
  // event= on, without its end, and `time` as in time=, also where the log itself has neither time nor level, under
  // journald. Both are valid during the call.
  virtual void on_line(LogLevel level, std::string_view time, std::string_view text) noexcept = 0;
  virtual void on_line_lost() noexcept = 0;  // there was no memory to give it a line

 protected:
  LogFollower() noexcept = default;
  ~LogFollower() = default;

 private:
  friend class List<LogFollower>;
  ListNode<LogFollower> node_;
};

}  // namespace reactord
