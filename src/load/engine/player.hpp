// Player: what a script says, done on one connection, again and again until the end of the run.
//
//     run():  +--> choose a scenario by its weight --> connect --> its steps, one after the other --+
//             +--------------- at once; after a failure with a pause <------------------------------+
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "load/engine/connection.hpp"
#include "load/script/script.hpp"

namespace reactord::load {

class Player {
 public:
  Player(Common& common, const Script& script, std::uint64_t number);

  Task<> run();
  void finish() noexcept;  // nothing more is to be sent: it ends with the last reply that it waits for
  void fail_unanswered();  // nothing more is waited for
  std::size_t in_flight() const noexcept {
    return unanswered_.size();
  }  // requests that an expect is to answer

 private:
  struct Request {
    std::uint64_t sequence;
    Time sent;
  };
  using Kind = ScriptStep::Kind;
  static constexpr std::size_t longest_line = 1024 * 1024;
  static constexpr std::uint64_t slow_reads_a_second = 20;
  static constexpr Duration between_slow_reads = Duration(1s) / slow_reads_a_second;
  static_assert(between_slow_reads == 50ms);

  const Scenario& choose() noexcept;
  Task<bool> play(const Scenario& scenario);
  bool may_do(const ScriptStep& step) noexcept;
  Task<bool> step(const ScriptStep& step);
  Task<bool> connect();
  Task<bool> send(const ScriptStep& step);
  Task<bool> write(std::string_view bytes);
  Task<bool> expect(const ScriptStep& step);
  Task<bool> expect_line(const ScriptStep& step);
  Task<bool> expect_end(const ScriptStep& step);
  Task<bool> pass(Duration duration);
  Task<bool> read_some(Duration at_most);
  Task<bool> wait_for(const ScriptStep& step);
  bool reset();
  void end() noexcept;  // now, whatever it does
  void leave() noexcept;
  void lose_unanswered();
  void answered();
  bool failed(std::string_view phase, const Error& error);
  bool expects_too_little(const ScriptStep& step);
  bool differs(const ScriptStep& step, std::string_view wanted, std::string_view got);
  std::string text_of(const ScriptStep& step, std::uint64_t sequence);
  std::uint64_t sequence_of_reply() const noexcept;

  Common& common_;
  const Script& script_;
  const std::uint64_t number_;
  std::uint64_t chosen_;  // scenarios so far
  std::optional<Conn> conn_;
  int fd_ = -1;  // of conn_, for what a Conn has no word for
  bool is_fresh_ = false;
  bool ended_ = false;
  bool expects_ = false;      // the scenario does: requests wait for it
  bool keeps_input_ = false;  // what comes is kept, for an expect
  Buffer input_;              // read and not yet expected
  std::uint64_t next_sequence_ = 0;
  std::deque<Request> unanswered_;
  std::size_t in_flight_before_ = 0;  // of the last end that was met while it finishes; 0: none was
  std::uint64_t sends_ = 0;
  std::uint64_t bytes_a_second_ = 0;   // 0: as fast as they come
  Time next_read_;                     // of a slow reader
  std::vector<std::uint64_t> rounds_;  // of the repeats, by the index of their step
};

}  // namespace reactord::load
