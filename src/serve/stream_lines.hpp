// StreamLines: the line limits of a stream's session, for the lines that its handler reads.
//
//     BufferedReader <--- line_listener.hpp ---> StreamLines ---> StreamSession: timer, log
//
// The line limits (limits.hpp) hold for them as for those of a line session. A handler that reads raw bytes has none.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "net/line_listener.hpp"
#include "reactord/limits.hpp"
#include "reactord/server.hpp"
#include "serve/pending_answers.hpp"

namespace reactord {

class StreamLines : public LineListener {
 public:
  // The StreamLines of the session that serves this connection. Null when none does, or it is a line session.
  static StreamLines* of(const Conn& conn) noexcept;

  virtual const Limits& limits() const noexcept = 0;
  LineLimits line_limits() const noexcept override;
  void on_line_too_long(std::size_t max_line) noexcept override;
  void on_line_truncated() noexcept override;
  void on_line_discarded(std::size_t max_line) noexcept override;

  void end_as(EndCause cause) noexcept { cause_ = cause; }  // called by the handler

  // Sends `bytes`, all of them or none, behind what was written before, at the end of the turn. Never suspends. False:
  // nothing is sent, because the connection is at its end, or because too much waits for the peer, and it ends by
  // slow_reader.
  virtual bool push(std::string_view bytes) noexcept = 0;

  // An object that a handler keeps for its connection until that has ended, which is after its coroutine.
  class Kept {
   public:
    virtual ~Kept() = default;
    virtual void on_end(EndCause cause) noexcept = 0;  // called once, when the connection has ended
  };
  void keep(std::unique_ptr<Kept> kept) noexcept { kept_ = std::move(kept); }

  // Tells the session, for its lifetime, of answers that its handler owes. `session` may be null.
  class Owing {
   public:
    Owing(StreamLines* session, PendingAnswers& answers) noexcept : session_(session) {
      if (session_ != nullptr) session_->answers_ = &answers;
    }
    Owing(const Owing&) = delete;
    Owing& operator=(const Owing&) = delete;
    ~Owing() {
      if (session_ != nullptr) session_->answers_ = nullptr;
    }

   private:
    StreamLines* session_;
  };

 protected:
  using LineListener::LineListener;
  ~StreamLines() = default;

  void answer_long_line();  // called once the handler has returned; no effect if it has answered by itself
  std::optional<EndCause> cause() const noexcept;  // set by the handler or by a line
  void ended(EndCause cause) noexcept {            // called when the connection has ended
    if (kept_ != nullptr) kept_->on_end(cause);
  }
  bool owes_answers() const noexcept { return answers_ != nullptr && answers_->are_due(); }
  // When the handler has given the last answer that it owed; before all time if it owed none.
  Time last_given() const noexcept {
    return answers_ == nullptr ? Time::from_nanoseconds(-1) : answers_->last_given();
  }
  void nobody_waits() noexcept {  // called when the connection has been given up
    if (answers_ != nullptr) answers_->nobody_waits();
  }

 private:
  virtual void on_line_cut(std::string_view action) noexcept = 0;
  virtual void on_overflow() noexcept = 0;
  virtual void on_no_memory() noexcept = 0;
  std::uint64_t written() const noexcept { return endpoint().bytes_written() + endpoint().unsent(); }

  PendingAnswers* answers_ = nullptr;  // null: its handler answers at once
  std::unique_ptr<Kept> kept_;         // null: nothing
  std::size_t too_long_for_ = 0;       // the max_line of the first line that was too long; 0: none was
  std::uint64_t written_by_then_ = 0;
  std::optional<EndCause> cause_;
};

}  // namespace reactord
