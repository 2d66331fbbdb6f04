// WorkerOutput: the lines that a worker writes, as they come out of its pipe.
//
//     the program --> the pipe -- at most bytes_per_turn a turn --> unread_: [line|line|half a li
//                                                                    +-lines-+  waits for its rest
#pragma once

#include <string_view>

#include "base/file_descriptor.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class WorkerOutput final : public Watch {
 public:
  static constexpr std::size_t bytes_per_turn = 64 * 1024;  // then the others have their turn
  static constexpr std::size_t read_size = 64 * 1024;       // what a pipe holds, as a rule
  // The bytes that are read of the pipe of a program that has ended, at most: another process that it has left may go on writing.
  static constexpr std::size_t last_bytes = 1024 * 1024;

  class Listener {
   public:
    // Lines, each with its newline, valid during the call. It may release the output: then no further line comes.
    virtual void on_output_lines(std::string_view lines) = 0;
    virtual void on_output_too_long() = 0;  // a line is longer than `longest`. It must release the output
    virtual void on_output_ended() = 0;     // the end of the stream, or an error. It may release the output

   protected:
    ~Listener() = default;
  };

  enum class Kind : std::uint8_t {
    pipe,      // a read(2) that gets less than it has room for has emptied it
    terminal,  // a read(2) may get less than there is
  };
  struct Form {
    Kind kind;
    std::size_t longest;  // bytes of a line with its newline
  };
  // Takes a nonblocking descriptor. `listener` must outlive the handle. Errors: those of Reactor::add().
  static Result<WatchHandle<WorkerOutput>> open(Reactor& reactor, FileDescriptor output, Form form,
                                                Listener& listener);
  WorkerOutput(Reactor& reactor, int fd, Form form, Listener& listener) noexcept
      : Watch(reactor, fd), listener_(listener), form_(form) {}

  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  Time last_line() const noexcept {
    return last_line_;
  }  // the end of one was read; before all time: none yet

  // Reads what lies in the pipe, at most last_bytes: the program has ended. Tells the lines, and no end.
  void read_rest();

 private:
  // The outcome of one read(2).
  enum class Read : std::uint8_t {
    some,   // bytes, and there may be more
    empty,  // nothing is there now
    ended,  // nothing will come any more, or the listener wants no more
  };
  void on_ready(Readiness readiness) override {
    if ((readiness & (readiness::hang_up | readiness::error)) != 0) is_hung_up_ = true;
    read();
  }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }
  void read();
  Read read_for_a_turn();
  Read read_once();
  bool tell_lines();

  Listener& listener_;
  const Form form_;
  Buffer unread_;
  std::size_t searched_ = 0;  // bytes of unread_ that hold no newline
  bool is_hung_up_ = false;   // nobody writes any more: its end lies behind the bytes
  std::uint64_t bytes_read_ = 0;
  Time last_line_ = Time::from_nanoseconds(-1);
};

}  // namespace reactord
