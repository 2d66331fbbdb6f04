// TracedLine: cuts the bytes of one direction into lines that are shown, each up to a length.
//
//     bytes: "lo\nab"     held_ "hel" --> shown "hello", ended        since_    the first byte of what is held
//                         held_ "ab"                                  cut_      bytes of the line that are left out
//
// A line is shown when its end has come. What is held of a line without end may be shown as a piece, and the rest then follows
// as a line of its own. Pure: it knows no clock. It allocates when it is made, and never again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "reactord/time.hpp"

namespace reactord {

class TracedLine {
 public:
  static constexpr std::size_t longest = 1024;  // bytes of a line that are shown

  struct Shown {
    std::string_view bytes;  // valid during the call, without the end of the line
    std::uint64_t cut;       // bytes behind them that are left out
    bool has_ended;          // false: its end has not come yet
  };

  TracedLine() { held_.reserve(longest); }

  // Calls show(const Shown&) for each line that `bytes` end.
  template <typename Show>
  void take(std::string_view bytes, Time now, Show show) noexcept {
    for (std::size_t end; (end = bytes.find('\n')) != bytes.npos; bytes.remove_prefix(end + 1)) {
      hold(bytes.substr(0, end), now);
      show_held(true, show);
    }
    if (!bytes.empty()) hold(bytes, now);
  }
  // Shows what is held, if anything.
  template <typename Show>
  void show_piece(Show show) noexcept {
    if (holds()) show_held(false, show);
  }

  bool holds() const noexcept { return !held_.empty(); }
  Time since() const noexcept { return holds() ? since_ : Time::never(); }

 private:
  void hold(std::string_view bytes, Time now) noexcept {
    if (!holds()) since_ = now;
    const std::size_t kept = std::min(bytes.size(), longest - held_.size());
    held_.append(bytes.substr(0, kept));
    cut_ += bytes.size() - kept;
  }
  template <typename Show>
  void show_held(bool has_ended, Show& show) noexcept {
    show(Shown{held_, std::exchange(cut_, 0), has_ended});
    held_.clear();
  }

  std::string held_;
  std::uint64_t cut_ = 0;
  Time since_ = Time::never();
};

}  // namespace reactord
