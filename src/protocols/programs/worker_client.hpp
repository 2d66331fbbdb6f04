// WorkerClient: one connection that the workers of a program serve, from its first line to its end.
//
//     peer -- lines --> run() --> WorkerSlot::send() --> a worker
//          <------------ answer() <------------------------+        in the order in which the worker wrote
//
//     given    1  2  3  4  5     open_lines(): the last three have no answer yet. With as many of them as the program's
//     answered 1  2              lines=, the next line waits, and the connection is read no further.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocols/programs/connection_name.hpp"
#include "reactord/event.hpp"
#include "reactord/list.hpp"
#include "reactord/task.hpp"
#include "serve/stream_lines.hpp"

namespace reactord {

class WorkerProcess;
class WorkerClient;
class WorkerPool;
class WorkerSlot;

// A place of a client in a list of WorkerWaits.
struct WorkerClientPlace {
  explicit WorkerClientPlace(WorkerClient& of) noexcept : client(of) {}
  WorkerClient& client;
  Time since;  // when the wait began
  ListNode<WorkerClientPlace> node_;
};

class WorkerClient final : public PendingAnswers, public StreamLines::Kept {
 public:
  // It joins a slot of `pool`. All must outlive it.
  WorkerClient(WorkerPool& pool, std::uint64_t number, Conn& conn, StreamLines& session);
  ~WorkerClient() override;
  WorkerClient(const WorkerClient&) = delete;
  WorkerClient& operator=(const WorkerClient&) = delete;

  // Reads lines and has them answered, until the peer has finished and has all its answers, or the connection is given up.
  static Task<> run(WorkerClient& client);

  std::uint64_t number() const noexcept { return number_; }
  const ConnectionName& name() const noexcept { return name_; }
  const Address& remote() const noexcept { return conn_.remote_addr(); }
  std::size_t open_lines() const noexcept { return static_cast<std::size_t>(given_ - answered_); }

  // ---- For its slot.

  // Where its open lines are: a worker, or null for the lines that wait for one. Meaningless without open lines.
  WorkerProcess* worker = nullptr;
  WorkerClientPlace owed{*this};      // with open lines
  WorkerClientPlace for_room{*this};  // with a line that waits for room
  WorkerClientPlace in_slot{*this};   // always: WorkerGreeting
  std::uint64_t greeting = 0;         // the one in which a worker was told of it last
  std::size_t unwritten = 0;          // scratch of WorkerSlot::lose_lines()

  void line_given() noexcept { ++given_; }
  void lines_forgotten() noexcept { answered_ = given_; }  // nobody waits for their answers
  void answer(std::string_view bytes);                     // has no effect on the number of open lines
  void lines_answered(std::size_t count);                  // the oldest `count` open lines have their answers
  void lose_line();                                        // the oldest will have none: the peer is told
  bool has_words_behind() const noexcept { return !behind_.empty(); }  // which go out once a line is answered
  void finish() noexcept;                                              // the program ends the connection
  void fail(std::string_view words, EndCause cause) noexcept;          // the connection ends behind them
  void wake() noexcept { changed_.set(); }
  void moved_to(WorkerSlot& slot) noexcept { slot_ = &slot; }
  WorkerSlot& slot() const noexcept { return *slot_; }  // until its connection ends

  // ---- For its session.

  bool are_due() const noexcept override { return open_lines() > 0 || for_room.node_.is_linked(); }
  Time last_given() const noexcept override { return last_given_; }
  void nobody_waits() noexcept override { give_up(); }
  std::size_t say_behind(std::string_view words) override;
  void on_end(EndCause cause) noexcept override;

 private:
  // The server itself says `words` once that line has its answer.
  struct Behind {
    std::uint64_t line;
    std::string words;
  };

  static Task<> read_lines(WorkerClient& client);
  static Task<bool> wait_until_taken(WorkerClient& client);
  void refuse_long_line(std::size_t max_line);
  void add_behind(std::string words);
  void push_what_is_behind();
  void give_up() noexcept;
  // Suspends until wake(). False: the Reactor shuts down.
  EventWaitOperation change() noexcept {
    changed_.reset();
    return changed_.wait();
  }

  WorkerPool& pool_;
  WorkerSlot* slot_;
  const std::uint64_t number_;
  const ConnectionName name_;
  Conn& conn_;
  StreamLines& session_;
  Event changed_;
  std::uint64_t given_ = 0, answered_ = 0;
  Time last_given_ = Time::from_nanoseconds(-1);
  std::vector<Behind> behind_;
  std::size_t behind_bytes_ = 0;
  bool is_over_ = false;  // no further line is read, and no answer sent
};

}  // namespace reactord
