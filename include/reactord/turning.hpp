// Turning: that a Reactor turns, for as long as it lives. Turns do not nest.
//
//     idle ---run()---> running ---shutdown() is asked for---> ending ---the turn is over---> shutting_down ---> idle
//       |------------------------------shutdown()-------------------------------------------------^
#pragma once

#include <cassert>
#include <cstdint>

namespace reactord {

class Turning {
 public:
  enum class State : std::uint8_t {
    idle,           // no turn is on the stack
    running,        // run() is on the stack
    ending,         // run() is on the stack, and shutdown() was requested
    shutting_down,  // shutdown() is on the stack, or run() does its work
  };

  // `of` must be idle, and outlive it. It is `begun` until the end, unless it goes on to a later state.
  Turning(State& of, State begun) noexcept : state_(of) {
    assert(of == State::idle);
    of = begun;
  }
  Turning(const Turning&) = delete;
  Turning& operator=(const Turning&) = delete;
  ~Turning() { state_ = State::idle; }

 private:
  State& state_;
};

}  // namespace reactord
