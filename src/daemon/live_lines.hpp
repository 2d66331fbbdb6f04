// LiveLines: lines on their way from where they are made, at any moment, to a client of the control socket.
//
//     a line of the log,    add()   +----------------------+   take(), by the client's command (follow.hpp)
//     traced bytes        --------> | control_live_lines   | --------> one write
//                           |       +----------------------+
//                           |              | the first one ends the command's wait
//                           +-- no room: counted, and told behind those that had
//
// So a client that does not read harms nobody: its command waits in its write, the lines behind are counted, and the limits of
// the control socket end it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/control_limits.hpp"
#include "reactord/conn.hpp"

namespace reactord {

class LiveLines {
 public:
  static constexpr std::size_t limit = control_live_lines;  // bytes that wait

  // `conn` is the client's, and must outlive it. The deadline of its reads belongs to this object, which ends the pending one
  // when there is something to take, and clears it at its own end.
  explicit LiveLines(Conn& conn) noexcept : conn_(conn) {}
  ~LiveLines();
  LiveLines(const LiveLines&) = delete;
  LiveLines& operator=(const LiveLines&) = delete;

  // Adds the line, with its end, that `append`, a void(std::string&), appends. It is counted as left out where it has no room
  // or no memory, and behind one that was, until they are taken. No effect once it has ended.
  template <typename Append>
  void add(Append append) noexcept {
    if (has_ended_) return;
    if (omitted_ > 0) return leave_out();
    const std::size_t before = waiting_.size();
    try {
      append(waiting_);
    } catch (const std::bad_alloc&) {
      waiting_.resize(before);
      return leave_out();
    }
    if (waiting_.size() > limit) {
      waiting_.resize(before);
      return leave_out();
    }
    if (before == 0) wake();
  }
  void leave_out() noexcept;  // counts a line that could not be made

  // No more will come. `last` is a line behind all others, for which there is always room; empty: there is none.
  void end(std::string last = {}) noexcept;

  bool has_ended() const noexcept { return has_ended_; }
  // True when there is something to take.
  bool has_news() const noexcept { return !waiting_.empty() || omitted_ > 0 || !last_.empty(); }

  struct Taken {
    std::string& lines;     // valid until the next take()
    std::uint64_t omitted;  // lines behind those that were left out
    std::string last;       // the line behind all that; empty: there is none yet
  };
  Taken take() noexcept;

 private:
  void wake() noexcept;

  Conn& conn_;
  bool has_ended_ = false;
  std::string waiting_, taken_;
  std::string last_;
  std::uint64_t omitted_ = 0;
};

}  // namespace reactord
