// ProgramSettings: a program that serves connections, as an operator names it in one line of the configuration.
//
//     program = upper workers=4 timeout=10s PYTHONPATH=/srv/lib /usr/bin/python3 /srv/upper.py
//               name  ---- options ----     environment         command and its arguments
//     listen = upper@:7000
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/launch.hpp"
#include "reactord/time.hpp"

namespace reactord {

enum class ProgramMode : std::uint8_t {
  worker,      // a few processes serve all connections, by lines with a connection's number
  connection,  // one process serves one connection: its standard input and output are the connection
};

struct ProgramSettings {
  std::string name;
  std::vector<std::string> command;      // at least one word
  std::vector<std::string> environment;  // NAME=VALUE, beside what every program has
  std::string directory;                 // empty: the daemon's
  std::string user;                      // as written; empty: the daemon's
  std::optional<UserIds> user_ids;       // of `user`; empty: the daemon's
  ProgramMode mode = ProgramMode::worker;
  bool terminal = false;  // its standard output is a terminal, so that it writes each line at once

  // For workers:
  unsigned workers = 1;               // processes
  bool notices = false;               // it is told of the beginning and the end of each connection
  unsigned lines = 64;                // of one connection without an answer; then it is read no further
  unsigned worker_lines = 16 * 1024;  // of all connections of one worker without an answer
  std::size_t queue = 1024 * 1024;    // bytes that one worker has not taken; then its connections wait
  std::size_t longest_answer = 1024 * 1024;  // bytes of one line that a worker writes
  Duration timeout = 30s;                    // for the answer to the oldest line of a connection; 0: no limit

  // For processes per connection:
  unsigned processes = 100;  // at once; further connections wait
  unsigned starts = 50;      // a second; further connections wait

  bool operator==(const ProgramSettings&) const = default;
};

// The time that a program has to end by itself once its standard input is closed, and once more after SIGTERM.
inline constexpr Duration program_grace = 5s;
inline constexpr Duration program_term_grace = 2s;

}  // namespace reactord
