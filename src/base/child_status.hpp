// ChildStatus: how a child process has ended.
#pragma once

#include <sys/wait.h>

#include <cstdint>
#include <string>

namespace reactord {

class ChildStatus {
 public:
  enum class Kind : std::uint8_t {
    exited,   // it has returned a code
    killed,   // a signal has ended it
    unknown,  // somebody else has reaped it, or it could not be reaped in time
  };

  ChildStatus() noexcept = default;                       // unknown
  explicit ChildStatus(const siginfo_t& ended) noexcept;  // as waitid(2) gives it

  Kind kind() const noexcept { return kind_; }
  bool is_success() const noexcept { return kind_ == Kind::exited && number_ == 0; }
  int exit_code() const noexcept { return kind_ == Kind::exited ? number_ : -1; }  // -1: it has none
  int signal() const noexcept { return kind_ == Kind::killed ? number_ : 0; }      // 0: none
  bool has_dumped_core() const noexcept { return dumped_core_; }

  // As Go's os.ProcessState: "exit status 3", "signal: killed", "signal: aborted (core dumped)"; "status unknown".
  std::string text() const;

  bool operator==(const ChildStatus&) const noexcept = default;

 private:
  Kind kind_ = Kind::unknown;
  bool dumped_core_ = false;
  int number_ = 0;
};

}  // namespace reactord
