// WellBehaved: a client of the protocol line that asks line after line and looks at each answer, in a thread of its own: it
// does not wait for the loop of those who are not like it.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "support/process.hpp"

namespace test {

class WellBehaved {
 public:
  explicit WellBehaved(const std::string& address) : client_(address), thread_([this] { run(); }) {}
  ~WellBehaved() { stop(); }
  void stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  // After stop().
  std::size_t answers() const noexcept { return waits_.size(); }
  Clock::duration slowest() const { return slowest_of(0, {}, Clock::time_point::max()); }
  // The wait that one in a hundred exceeds, of lines asked in that time; 0: there were none.
  Clock::duration p99(Clock::time_point from, Clock::time_point to) const {
    return slowest_of(answers_between(from, to) / 100, from, to);
  }
  const std::string& wrong() const noexcept { return wrong_; }

 private:
  struct Wait {
    Clock::time_point asked;
    Clock::duration time;
  };

  void run() {
    try {
      while (!stopping_ && wrong_.empty()) ask();
    } catch (const std::exception& error) {
      wrong_ = error.what();
    }
  }
  void ask() {
    const std::string question = "question " + std::to_string(waits_.size());
    const auto asked = Clock::now();
    const std::string answer = client_.ask(question);
    waits_.push_back({asked, Clock::now() - asked});
    if (answer != "Server: " + question) wrong_ = answer;
    std::this_thread::sleep_for(1ms);  // its manners, nothing is waited for
  }
  std::size_t answers_between(Clock::time_point from, Clock::time_point to) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        waits_, [=](const Wait& wait) { return wait.asked >= from && wait.asked < to; }));
  }
  // But for so many that were slower.
  Clock::duration slowest_of(std::size_t slower, Clock::time_point from, Clock::time_point to) const {
    std::vector<Clock::duration> times;
    for (const Wait& wait : waits_) {
      if (wait.asked >= from && wait.asked < to) times.push_back(wait.time);
    }
    if (times.size() <= slower) return {};
    std::ranges::sort(times, std::greater());
    return times[slower];
  }

  Client client_;
  std::atomic<bool> stopping_ = false;
  std::vector<Wait> waits_;
  std::string wrong_;
  std::thread thread_;
};

}  // namespace test
