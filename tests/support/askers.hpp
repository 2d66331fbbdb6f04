// Askers: many clients at once that ask lines of their own, and hold each answer against the line that it must be of.
//
//     connect --> asks "c7 1", "c7 2" ..., a few at a time --> finishes, reads to the end --> (its books)
//        ^                                                          |
//        +----- another one in its place, when the server ends it --+
//
// A line "c7 2" is answered by itself, or by "ERR worker ended"; "ERR no answer in ..." is the last that a connection is told.
// "push c7" may come at any time. Everything else is wrong, and is kept for whoever looks at wrong(). Nothing in it waits.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/address.hpp"
#include "support/process.hpp"

namespace test {

class Askers {
 public:
  // The sums of all connections. Once nobody asks any more:
  //     asked == answered + lost + unanswered
  struct Books {
    std::uint64_t connections = 0;
    std::uint64_t asked = 0;       // lines sent
    std::uint64_t answered = 0;    // by themselves
    std::uint64_t lost = 0;        // "ERR worker ended"
    std::uint64_t late = 0;        // connections that were told "ERR no answer in ..."
    std::uint64_t broken_off = 0;  // connections that ended otherwise before they had finished
    std::uint64_t unanswered = 0;  // lines of the last two kinds, without an answer at the end
    std::uint64_t pushes = 0;
  };

  // `pause`: an asker asks up to `depth` lines together so often.
  Askers(std::size_t count, const std::string& address, Clock::duration pause, std::size_t depth);
  Askers(const Askers&) = delete;
  Askers& operator=(const Askers&) = delete;

  // The next line that anybody asks ends so, as in " do:exit".
  void say_once(std::string_view behind) { behind_ = behind; }

  // `each_turn` is called between turns, about once a millisecond.
  void run_for(Clock::duration time, const std::function<void()>& each_turn = {});
  // Nobody asks any more, and no other one comes in the place of one that ends. Returns once all have read to their end;
  // throws after `patience`.
  void finish(const std::function<void()>& each_turn = {});

  bool are_all_connected() const noexcept { return connected_ == askers_.size(); }
  const Books& books() const noexcept { return books_; }
  const std::string& wrong() const noexcept { return wrong_; }  // the first of it, a sentence a line

 private:
  struct Asker {
    std::string name;
    Descriptor socket{};
    std::uint64_t last = 0;             // the number of its last line
    std::deque<std::string> waiting{};  // lines without an answer, the oldest first
    std::string unsent{}, input{};
    Clock::time_point due{};  // of its next lines, or of its next connect
    bool is_late = false;     // it was told so: the end follows
    bool has_finished = false;
  };

  void turn();
  void connect(Asker& asker, Clock::time_point now);
  void ask(Asker& asker, Clock::time_point now);
  void send(Asker& asker);
  void finish(Asker& asker);
  void read(Asker& asker);
  void take(Asker& asker, std::string_view line);
  void end(Asker& asker, bool in_order);
  void found_wrong(const Asker& asker, std::string_view line);

  Descriptor epoll_;
  const reactord::Address address_;
  const Clock::duration pause_;
  const std::size_t depth_;
  std::vector<std::unique_ptr<Asker>> askers_;
  std::mt19937 random_{20250101};  // each run alike
  std::string behind_;
  bool are_finishing_ = false;
  std::size_t connected_ = 0;
  Clock::time_point next_tick_{};
  Books books_;
  std::string wrong_;
};

}  // namespace test
