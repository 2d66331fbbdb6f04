// LineSession: the session of a LineHandler: what a connection waits for, and when it ends. What is done with its bytes
// is LineExchange.
//
//                 +--- bytes ---+
//     accept ---> |   deliver   | ---> end: finish (send, FIN, discard, close) ---> log
//                 +- room, turn +          hand over: a StreamSession goes on
//
// The session is an object that its operations drive, not a coroutine. It waits for one thing at a time (SessionWait),
// so all its waits share one piece of storage. While only the next bytes are wanted it stays in one read. The next wait
// follows from its state: next_step().
#pragma once

#include "serve/line_exchange.hpp"
#include "serve/session_wait.hpp"

namespace reactord {

class LineSession : public LineExchange {
 public:
  LineSession(Service& service, Conn served);
  virtual ~LineSession();

  // `when` is later for a session that may have been made within another's delivery: it begins from the loop's queue.
  // So does a session that a drain has already finished.
  void begin(Begin when);

 protected:
  std::size_t buffered() const noexcept override { return input_.capacity() + unsent_storage(); }
  void evict() noexcept override;
  // Ends a wait for bytes, so that the session sees that it has been ended.
  void wake() noexcept {
    if (wait_.step() == Step::bytes) endpoint().interrupt_read();
  }

 private:
  using Step = SessionWait::Step;
  // The outcome of a finished wait.
  enum class Outcome : std::uint8_t {
    waits,        // there is a next wait
    ended,        // the connection is closed
    handed_over,  // another session has it
  };

  LineHandler& handler() noexcept override { return *service().handler().lines(); }
  // Hands arrived bytes to handler(), as ReadOperation::take_.
  virtual SessionWait::Take take() noexcept { return take_lines; }
  virtual void open() noexcept {}            // called before the first wait, on the loop's stack
  virtual void before_wait() noexcept {}     // called before each wait but the first
  virtual void on_end(EndCause) noexcept {}  // called when the connection has ended, before the observer
  // Where the object lies that goes on with the connection in another session, which moves it away; null: there is none.
  virtual std::unique_ptr<LineConnection>* connection_to_hand_over() noexcept { return nullptr; }

  static std::size_t take_lines(ReadOperation& operation, std::string_view bytes) noexcept;
  static void opened(void* session);
  static void resumed(void* session);
  void run();
  bool goes_on();
  Outcome advance();
  int failure_of_wait() noexcept;
  void deliver_what_is_left();
  Step next_step() noexcept;
  Outcome hand_over(StreamHandler& handler) noexcept;
  void report();
  std::uint64_t lines_delivered() const noexcept override { return lines_; }
  void count_work(OpenWork& work) const noexcept override { work.half_lines += is_in_line_ ? 1 : 0; }

  // A read that is not pending yet ends when the clock has a verdict.
  void look_in_time() noexcept { endpoint().set_next_read_deadline(client_clock().due(service().limits())); }
  void limits_changed() noexcept override {
    auto set = conn().set_read_deadline(spread(client_clock().due(service().limits())));
  }
  void look() noexcept;
  void answer_what_is_there() noexcept { bound_.set(endpoint().bytes_read() + conn().unread()); }
  void drain() noexcept override;
  void input_ended() noexcept;

  SessionWait wait_;
};

}  // namespace reactord
