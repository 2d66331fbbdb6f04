// WorkerInput: the lines that wait for a worker to read them, and the pipe that they go through.
//
//     write() --> queue_: [rest of a line|line|line|line]  -- once a turn, as much as fits --> the pipe --> the program
//                          begun          not begun: take_unwritten() after the worker's end
//
// The pipe raises SIGPIPE when nobody reads it any more: the process must ignore it or have a handler, as a daemon does.
#pragma once

#include <algorithm>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "protocols/programs/connection_name.hpp"
#include "reactord/reactor.hpp"

namespace reactord {

class WorkerInput final : public Watch {
 public:
  class Listener {
   public:
    virtual void on_input_taken() = 0;   // fewer bytes wait than before
    virtual void on_input_failed() = 0;  // nobody reads the pipe any more. It may release the input

   protected:
    ~Listener() = default;
  };

  // Takes a nonblocking descriptor. `listener` must outlive the handle. Errors: those of Reactor::add().
  static Result<WatchHandle<WorkerInput>> open(Reactor& reactor, FileDescriptor pipe, Listener& listener);
  WorkerInput(Reactor& reactor, int fd, Listener& listener) noexcept
      : Watch(reactor, fd), listener_(listener) {}

  // Appends whole lines, each with its newline, to be written at the end of the turn. Not after finish(). Throws
  // std::bad_alloc.
  void write(std::string_view lines) {
    assert(!is_finishing_ && lines.ends_with('\n'));
    const bool is_first = queue_.empty();  // else it is to be flushed already, or the pipe is full
    queue_.append(reactor().buffers(), lines);
    if (is_first) reactor().flush_later(*this);
  }
  // The same of one line of a connection, without its newline.
  void write_line(const ConnectionName& name, std::string_view line) {
    assert(!is_finishing_);
    const bool is_first = queue_.empty();
    const std::size_t most = ConnectionName::capacity + line.size() + 1;
    char* const begin =
        queue_.prepare(reactor().buffers(), is_first ? std::max(most, first_room) : most).data();
    char* const text = name.write_to(begin);
    char* const end = text + line.copy(text, line.size());
    *end = '\n';
    queue_.commit(static_cast<std::size_t>(end - begin) + 1);
    if (is_first) reactor().flush_later(*this);
  }
  std::size_t waiting() const noexcept { return queue_.size(); }  // bytes

  // The program reads the end of its input behind all that was written.
  void finish();

  // Takes the lines out of which no byte has been written. The one that was begun is lost.
  Buffer take_unwritten() noexcept;

 private:
  void on_ready(Readiness) override { write_some(); }
  void on_flush() override { write_some(); }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }
  void write_some();

  static constexpr std::size_t first_room = 4 * 1024;  // for the lines of a turn, so that few of them move
  Listener& listener_;
  Buffer queue_;
  bool is_within_line_ = false;  // the last byte written was none of a line's end
  bool is_finishing_ = false;    // no further line comes
};

}  // namespace reactord
