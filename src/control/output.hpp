// Output: standard output, which may be a full disk, or a pipe that nobody reads any more. It blocks: the program has nothing
// else to do.
//
//     open -- EPIPE ------------> reader_gone   `| head -1` has seen enough: bytes are left out, and that is no failure
//       +---- another failure --> failed        failure() says which
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace reactord::control {

class Output {
 public:
  static constexpr std::size_t bytes_at_once = 64 * 1024;  // so many are collected before they are written

  // The descriptor stays the caller's. SIGPIPE must be blocked.
  explicit Output(int fd) noexcept : fd_(fd) {}

  void write(std::string_view bytes);
  void flush();
  int failure() const noexcept { return failure_; }                // an errno; 0: none
  bool is_open() const noexcept { return state_ == State::open; }  // bytes are not left out
  int fd() const noexcept { return fd_; }

 private:
  enum class State : std::uint8_t {
    open,         // bytes are written
    reader_gone,  // bytes are left out
    failed,       // the same, and failure_ is set
  };
  void fail(int failure) noexcept;

  int fd_;
  int failure_ = 0;
  State state_ = State::open;
  std::string collected_;
};

}  // namespace reactord::control
