// Crowd: many clients of the daemon at once, most of them with bad manners, driven by one epoll loop in this process.
//
//     connect --> act, as often as the socket or the clock says --> over: broken off, or the daemon's end seen
//        ^                                                            |
//        +------------------------ a pause ---------------------------+      (but speaks_first: once)
//
// Nothing in it waits: who may not go on is passed over. One turn serves all that are ready, and the clock once a
// millisecond. A Descriptor for each client, and nothing left of it at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reactord/address.hpp"
#include "support/process.hpp"

namespace test {

enum class Manner : std::uint8_t {
  pings,         // a line, its answer, a short pause
  pipelines,     // lines as many as are taken, and reads every answer: as fast as it can
  trickles,      // a byte a second, never a newline
  deaf,          // lines as many as are taken, and reads no answer
  silent,        // nothing at all
  resets,        // breaks off as soon as it is connected; every second one has sent a line
  never_ends,    // bytes without a newline, as many as are taken
  raves,         // random bytes, and reads what comes back
  speaks_first,  // 4 KiB with a newline, then reads to the end; once
};

class Crowd {
 public:
  Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void add(std::size_t count, Manner manner, const std::string& address);
  // `each_turn` is called between turns, about once a millisecond.
  void run_for(Clock::duration time, const std::function<void()>& each_turn = {});
  void run_until(const char* what, const std::function<bool()>& condition);  // throws after `patience`
  void leave();                                                              // all of them, at once

  // Since the last time they were asked for: from a line to the end of its answer, of those that ping.
  std::vector<Clock::duration> take_latencies() { return std::exchange(latencies_, {}); }
  // What those that spoke first read, with " (reset)" where it did not end in order, and how many read it.
  const std::map<std::string, std::size_t>& endings() const noexcept { return endings_; }
  std::uint64_t connections(Manner manner) const { return connections_[static_cast<std::size_t>(manner)]; }
  std::uint64_t failed_connects() const noexcept { return failed_connects_; }

 private:
  struct Visitor {
    Manner manner;
    const reactord::Address* address;
    Descriptor socket{};
    Clock::time_point due{};    // of its next act or connect
    Clock::time_point asked{};  // pings: since when it waits for an answer
    std::string input{};
    bool is_connecting = false;
    bool has_spoken = false;
  };

  void turn();
  void connect(Visitor& visitor);
  void serve_clock(Clock::time_point now);
  void on_ready(Visitor& visitor, std::uint32_t events);
  void speak(Visitor& visitor);
  void send_all_that_is_taken(Visitor& visitor, std::string_view bytes);
  bool listen(Visitor& visitor);  // false: the daemon's end was read, or it broke off
  void ping_answered(Visitor& visitor);
  void over(Visitor& visitor, bool in_order);
  void break_off(Visitor& visitor);

  Descriptor epoll_;
  Clock::time_point next_tick_{};
  std::vector<std::unique_ptr<reactord::Address>> addresses_;
  std::vector<std::unique_ptr<Visitor>> visitors_;
  std::mt19937 random_{20250101};  // each run alike
  std::string lines_, letters_, noise_;
  std::vector<Clock::duration> latencies_;
  std::map<std::string, std::size_t> endings_;
  std::uint64_t connections_[9] = {};
  std::uint64_t failed_connects_ = 0;
};

}  // namespace test
