// Player: runs a script on one connection, again and again until the end of the run.
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
  Player(EngineState& state, const Script& script, std::uint64_t number);

  Task<> run();
  // Nothing more is to be sent: the player ends with the last reply that it waits for.
  void finish() noexcept;
  void fail_unanswered();  // nothing more is waited for: the player ends now
  // Requests whose reply an expect waits for.
  std::size_t in_flight() const noexcept { return unanswered_.size(); }

 private:
  struct Request {
    std::uint64_t sequence;
    Time sent;
  };
  using Kind = ScriptStep::Kind;
  static constexpr std::size_t longest_line = 1024 * 1024;
  static constexpr std::uint64_t slow_reads_per_second = 20;
  static constexpr Duration slow_read_interval = Duration(1s) / slow_reads_per_second;
  static_assert(slow_read_interval == 50ms);

  const Scenario& choose_scenario() noexcept;
  Task<bool> play(const Scenario& scenario);
  bool may_run(const ScriptStep& step) noexcept;
  Task<bool> run_step(const ScriptStep& step);
  Task<bool> connect();
  Task<bool> send(const ScriptStep& step);
  Task<bool> write(std::string_view bytes);
  Task<bool> expect(const ScriptStep& step);
  Task<bool> expect_line(const ScriptStep& step);
  Task<bool> expect_end(const ScriptStep& step);
  Task<bool> pause_for(Duration duration);
  Task<bool> read_some(Duration at_most);
  Task<bool> await_reply(const ScriptStep& step);
  bool reset();
  void end() noexcept;  // ends the player now, whatever it does
  void disconnect() noexcept;
  void record_unanswered();
  void record_answer();
  bool record_failure(std::string_view phase, const Error& error);
  bool record_too_few_expects(const ScriptStep& step);
  bool record_mismatch(const ScriptStep& step, std::string_view wanted, std::string_view got);
  std::string text_of(const ScriptStep& step, std::uint64_t sequence);
  std::uint64_t reply_sequence() const noexcept;

  EngineState& state_;
  const Script& script_;
  const std::uint64_t number_;
  std::uint64_t scenarios_chosen_;  // begins at number_, so that players begin with different scenarios
  std::optional<Conn> conn_;
  int fd_ = -1;  // the descriptor of conn_, to make it reset: a Conn has no verb for that
  bool is_unused_ = false;
  bool ended_ = false;
  bool expects_ = false;      // the scenario has an expect, so requests wait for their replies
  bool keeps_input_ = false;  // an expect needs the bytes that arrive
  Buffer input_;              // bytes read and not yet expected
  std::uint64_t next_sequence_ = 0;
  std::deque<Request> unanswered_;
  std::size_t in_flight_before_ = 0;  // at the last `end` step while the player finishes; 0: no such step yet
  std::uint64_t sends_ = 0;
  std::uint64_t read_rate_ = 0;        // bytes a second; 0: as fast as they come
  Time next_read_;                     // of a slow reader
  std::vector<std::uint64_t> rounds_;  // rounds of each repeat, by the index of its step
};

}  // namespace reactord::load
