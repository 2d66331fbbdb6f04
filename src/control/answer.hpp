// Answer: cuts what the daemon sends into the text that is shown and the last line, which says how it went. It holds back no
// more than the beginning of a line, so an answer may have any length:
//
//     id  protocol  peer              text, shown as it comes
//     7   line      192.0.2.1:51234
//     OK                              the end: held back from its first byte on, since it may be one
//
// Before the first line end and after each:
//
//     beginning --- can't be OK or ERR ---> within_text --- \n ---> beginning
//         +-------- OK\n ------> ended, ok
//         +-------- ERR why\n -> ended, refused
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reactord::control {

class Answer {
 public:
  static constexpr std::size_t longest_reason = 4096;  // bytes; the rest of it is left out

  enum class State : std::uint8_t {
    beginning,    // of a line: `held_` has its bytes
    within_text,  // of a line that is shown
    ok,           // ended
    refused,      // ended, reason() says why
  };

  // Appends to `shown` what of `bytes` is text. Bytes behind the end are left out.
  void take(std::string_view bytes, std::string& shown);

  bool has_ended() const noexcept { return state_ == State::ok || state_ == State::refused; }
  State state() const noexcept { return state_; }
  std::string_view reason() const noexcept;  // of a refused one; valid until the next take()

 private:
  void take_beginning(std::string_view piece, bool is_line, std::string& shown);
  void end_line(std::string& shown);

  State state_ = State::beginning;
  std::string held_;
};

}  // namespace reactord::control
