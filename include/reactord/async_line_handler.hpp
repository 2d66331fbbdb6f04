// AsyncLineHandler: a line handler whose answers come later: one task per line, several of a connection at a time.
//
//     lines     1   2   3   4        each in a task of its own, up to `in_flight` at a time
//     ends      2   1   4   3
//     answers   1 2     3 4          sent in the order of the lines
//
//     class Lookup final : public AsyncLineHandler {
//       Task<> on_line(std::string_view name, Answer& answer, Context& context) override {
//         auto address = co_await database_.find(name, context);
//         answer.write(address ? *address : "not found", "\n");
//       }
//     };
//
// A connection that has `in_flight` lines without an answer is read no further (backpressure). While any of its lines is
// in flight its idle timeout does not run. At a drain the lines that were received are answered. Lines and answers in
// flight do not count for Limits::max_buffers: `in_flight` and Limits::max_line bound the lines, the handler its answers.
#pragma once

#include <cstddef>
#include <string_view>

#include "reactord/buffer.hpp"
#include "reactord/handler.hpp"

namespace reactord {

// The answer to one line. It lives as long as the task of its line.
class Answer {
 public:
  explicit Answer(BufferPool& pool) noexcept : pool_(pool) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // Appends every part. It is sent when the task has ended, and those of all earlier lines too.
  template <typename... Parts>
  void write(const Parts&... parts) {
    bytes_.append(pool_, parts...);
  }

  // Ends the connection once this answer is sent. Later lines are not answered: their context is done.
  void close() noexcept { is_last_ = true; }

 private:
  friend class AsyncLines;
  BufferPool& pool_;
  Buffer bytes_;
  bool is_last_ = false;
};

class AsyncLineHandler : public StreamHandler {
 public:
  static constexpr std::size_t default_in_flight = 64;

  explicit AsyncLineHandler(std::size_t in_flight = default_in_flight) noexcept
      : in_flight_(in_flight > 0 ? in_flight : 1) {}

  // Called for every line, without its end, in order; the tasks run beside each other. A task begins where its line is
  // read, and one that ends without suspending is answered at once. In a turn of the loop no more than `in_flight` lines of a
  // connection begin. `line` and `answer` live as long as the task. `context` is done when nobody is there any more to hear
  // the answer. A drain does not end it: the tasks have until the drain's timeout.
  //
  // An exception that leaves it ends the connection by EndCause::error, after the answers to the earlier lines.
  virtual Task<> on_line(std::string_view line, Answer& answer, Context& context) = 0;

  // The number of lines of one connection that are in flight at most.
  std::size_t in_flight() const noexcept { return in_flight_; }

 private:
  Task<> serve(Conn& conn, Context& context) final;

  const std::size_t in_flight_;
};

}  // namespace reactord
