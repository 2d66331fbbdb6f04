// ProgramObserver: receives the events of programs, from the loop. It must not block or throw. Arguments are valid during
// the call.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "reactord/address.hpp"
#include "reactord/error.hpp"
#include "reactord/time.hpp"

namespace reactord {

// A process of a program. `number` counts the workers of one program from 1; `remote` is the peer of a process that serves
// one connection, else null.
struct ProgramProcess {
  std::string_view program;
  pid_t pid = 0;
  unsigned number = 0;
  const Address* remote = nullptr;
};

struct ProgramEnd {
  std::string_view status;  // "exit status 1", "signal: killed"
  std::string_view reason;  // why it was ended, as in "no answer in 30s"; empty: it has ended by itself
  std::uint64_t lines = 0;  // the number it was given
  std::uint64_t lost = 0;   // of these, the number that it has left without an answer
  Duration lived = 0s;
  Duration pause = 0s;  // the time until another one is started in its place; 0: none is, or at once
};

class ProgramObserver {
 public:
  virtual ~ProgramObserver() = default;
  virtual void on_program_started(const ProgramProcess&) {}
  virtual void on_program_ended(const ProgramProcess&, const ProgramEnd&) {}
  // The next try comes after `pause`; 0: there is none, the connection has ended.
  virtual void on_program_not_started(const ProgramProcess&, const Error&, Duration /*pause*/) {}
  // A line that it wrote to standard error. `is_cut`: it was longer.
  virtual void on_program_said(const ProgramProcess&, std::string_view /*line*/, bool /*is_cut*/) {}
  // It was given a line, and has written nothing since its start, for that long or until its end. `hint` says what may
  // cure it. Told once in the life of a process.
  virtual void on_program_silent(const ProgramProcess&, std::string_view /*hint*/) {}
  // A line of that connection was not answered in time. The connection ends.
  virtual void on_program_gave_no_answer(const ProgramProcess&, const Address& /*remote*/) {}
};

}  // namespace reactord
