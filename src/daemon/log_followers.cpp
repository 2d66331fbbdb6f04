// The lines of the log as its followers are given them.
#include <algorithm>
#include <new>

#include "daemon/log.hpp"
#include "daemon/time_text.hpp"

namespace reactord {
namespace {

constexpr std::size_t priority_length = 3;  // "<6>"
constexpr std::string_view time_key = "time=";

}  // namespace

// `line` is as in the queue, with its end.
void Log::tell_followers(LogLevel level, std::string_view line) noexcept {
  line.remove_suffix(1);
  std::string time_now;
  std::string_view time;
  if (journal_) {
    line.remove_prefix(priority_length);
    try {
      time = time_now = time_text(std::chrono::system_clock::now());
    } catch (const std::bad_alloc&) {
      return tell_of_lost_line();
    }
  } else {
    time = line.substr(time_key.size(), line.find(' ') - time_key.size());
    line.remove_prefix(line.find(" event=") + 1);
  }
  for (LogFollower* one = followers_.first(); one != nullptr; one = followers_.next(*one))
    one->on_line(level, time, line);
}

void Log::tell_of_lost_line() noexcept {
  for (LogFollower* one = followers_.first(); one != nullptr; one = followers_.next(*one))
    one->on_line_lost();
}

// The queue is over its limit, and the line at its end may be dropped. It is followed once it has found room.
void Log::end_without_room(std::size_t start, LogLevel level) noexcept {
  const std::size_t length = queue_.size() - start;
  std::string line;
  bool is_kept = false;
  if (!followers_.is_empty()) {
    try {
      line = queue_.substr(start);
      is_kept = true;
    } catch (const std::bad_alloc&) {
    }
  }
  if (!is_armed()) flush();
  if (queue_.size() > queue_limit) return drop_from(queue_.size() - std::min(length, queue_.size()));
  is_kept ? tell_followers(level, line) : tell_of_lost_line();
}

}  // namespace reactord
