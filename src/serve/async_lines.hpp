// AsyncLines: the lines of one connection that are in flight, for an AsyncLineHandler.
//
//     read_lines   a line --> add() --> its task begins, at once --+--> it has ended, no line is before it: written, freed
//                                                                  +--> it goes on, or waits for others
//                                                                                 |
//     ring_        [ ] [answered] [running] [answered] [running] [ ]  <-----------+
//                         ^ first_    in_flight_ of them
//     send_answers    writes what is answered from first_ on, and frees it; suspends while the peer takes too little
//
// The line, its task and its answer lie in their slot, whose storage is used again: by the next line where none else is in
// flight. In a turn no more than `in_flight` lines begin, for the others on the loop.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "event/running_task.hpp"
#include "reactord/async_line_handler.hpp"
#include "reactord/context.hpp"
#include "reactord/event.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/wait_group.hpp"
#include "serve/pending_answers.hpp"

namespace reactord {

class AsyncLines final : public PendingAnswers {
 public:
  // Both must outlive it.
  AsyncLines(AsyncLineHandler& handler, Conn& conn);
  AsyncLines(const AsyncLines&) = delete;
  AsyncLines& operator=(const AsyncLines&) = delete;

  // Serves the connection to its end, and returns when no task of it is left. Throws what has left the handler.
  static Task<> run(AsyncLines& lines);

  bool are_due() const noexcept override { return in_flight_ > 0; }
  Time last_given() const noexcept override { return last_given_; }
  void nobody_waits() noexcept override { give_up(); }
  std::size_t say_behind(std::string_view words) override;

 private:
  struct Slot final : Resumable {  // resumed by the end of its task
    Slot(AsyncLines& its_lines, BufferPool& pool) noexcept;
    AsyncLines& lines;
    std::string line;
    Answer answer;
    Buffer behind;  // what the server says behind the answer: of lines that were discarded
    RunningTask task;
    bool is_answered = false;
  };

  static Task<> read_lines(AsyncLines& lines);
  static Task<> send_answers(AsyncLines& lines);

  std::unique_ptr<Slot>& place_of(std::size_t line) noexcept;  // counted from the oldest in flight
  Slot& first() noexcept { return *ring_[first_]; }            // only while there is a line in flight
  Slot& add();
  void begin(std::string_view line, bool more_follow);
  void task_ended(Slot& slot) noexcept;
  void drop_answer(Slot& slot, std::exception_ptr thrown) noexcept;
  void refuse_long_line(std::size_t max_line);
  bool is_turn_over() const noexcept;
  void count_begun() noexcept;
  void send_first() noexcept;
  bool write_first_at_once() noexcept;
  void first_is_written() noexcept;
  bool goes_on_behind_first() noexcept;
  void free_first() noexcept;
  void give_up() noexcept;
  void fail() noexcept;
  // Suspends until something below has changed. False: the Reactor shuts down.
  EventWaitOperation change() noexcept {
    changed_.reset();
    return changed_.wait();
  }

  AsyncLineHandler& handler_;
  Conn& conn_;
  Context context_;                          // of the tasks: done when nobody will hear their answers
  std::vector<std::unique_ptr<Slot>> ring_;  // a place is empty until it is first needed
  std::size_t first_ = 0;                    // the place of the oldest line in flight
  std::size_t in_flight_ = 0;
  std::uint64_t turn_ = 0;  // in which the last line has begun
  std::size_t begun_ = 0;   // the number of lines that have begun in it
  Time last_given_ = Time::from_nanoseconds(-1);
  std::size_t behind_ = 0;    // the number of bytes in Slot::behind of all slots
  bool is_ended_ = false;     // set when no further line comes
  bool is_given_up_ = false;  // set when no further answer is sent
  Event changed_;
  WaitGroup tasks_;            // the lines whose tasks go on, and send_answers()
  std::exception_ptr thrown_;  // has left the handler
};

}  // namespace reactord
