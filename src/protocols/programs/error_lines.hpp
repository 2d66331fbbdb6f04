// ErrorLines: what a process writes to standard error, line by line.
//
//     the process --> pipe --> ErrorLines --> on_error_line("Traceback ...", whole)
//                     read at once, always       longest_line bytes of a line; the rest of it is left out
//                                                lines_per_second, then: on_error_line("… 523 lines left out")
//
// It never stops reading, so the program never waits for the log; a turn reads at most bytes_per_turn. An empty line is not
// told. A line that has not ended is told at the end of the stream, and in finish().
#pragma once

#include <cstddef>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "reactord/error.hpp"
#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class ErrorLinesListener {
 public:
  // Called from the loop's own stack, and from finish(). `line` is without its end, and valid during the call. `is_cut`:
  // it was longer. It must not let go of the ErrorLines.
  virtual void on_error_line(std::string_view line, bool is_cut) = 0;

 protected:
  ~ErrorLinesListener() = default;
};

class ErrorLinesWatch;

class ErrorLines {
 public:
  static constexpr std::size_t longest_line = 1024;         // bytes
  static constexpr std::size_t bytes_per_turn = 64 * 1024;  // then the others have their turn
  static constexpr unsigned lines_per_second =
      100;  // of one process; the number left out is told each second

  // Reads `pipe`, which must be nonblocking: ChildPipe::from_child().ours. `listener` must outlive it, `reactor` too.
  // Errors: those of Reactor::add().
  static Result<ErrorLines> start(Reactor& reactor, FileDescriptor pipe, ErrorLinesListener& listener);

  ErrorLines() noexcept;  // of nothing
  ErrorLines(ErrorLines&&) noexcept;
  ErrorLines& operator=(ErrorLines&&) noexcept;
  ~ErrorLines();  // lets go of the pipe; tells nothing more

  bool has_ended() const noexcept;  // the stream has, or it has failed

  // For a process that has ended: tells what lies in the pipe, at most bytes_per_turn of it, and lets go of the pipe.
  // A process that has left the group may hold it open for ever. No effect when repeated.
  void finish();

 private:
  explicit ErrorLines(ErrorLinesWatch* watch) noexcept;
  WatchHandle<ErrorLinesWatch> watch_;  // null: of nothing
};

}  // namespace reactord
