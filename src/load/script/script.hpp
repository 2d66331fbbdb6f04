// Script: the steps of one connection of the load generator, read from a .load file.
//
//     # a comment
//     option connections 100      # as --connections 100; the command line overrides it
//     mix 3                       # begins a scenario of weight 3; a file may have several
//     connect                     # implied at the beginning; later it closes the connection and dials anew
//     repeat forever              # or: repeat 10
//       send "get {seq}\n"
//       expect "Server: get {seq}\n"
//       sleep 10ms
//     end
//
// One step a line. docs/load-scripts.md lists all steps, template.hpp says what strings may hold.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "load/script/template.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

struct ScriptStep {
  enum class Kind : std::uint8_t {
    send,         // sends the request `text`
    expect,       // the next bytes must be exactly `text`; further bytes are for the next expect
    expect_line,  // the next bytes must be a line that begins with `text`, its \n included
    expect_end,   // the peer must end in order, without a further byte
    sleep,        // pauses for `duration`; bytes that arrive meanwhile wait
    half_close,   // sends FIN: nothing more is sent
    reset,        // sends RST
    close,        // closes in order
    connect,      // closes an open connection and dials anew; no effect on an unused connection
    slow_read,    // from here on this connection reads at most `count` bytes a second, also without an expect
    trickle,      // sends the request `text`, `count` bytes at a time, `duration` between two
    repeat,       // repeats the steps up to `target` `count` times, or for ever if it is 0
    end           // goes back to `target`, or on
  };
  Kind kind = Kind::send;
  Template text;
  Duration duration{0};
  std::uint64_t count = 0;
  std::size_t target = 0;         // repeat: the index behind its end; end: the index of its repeat
  unsigned line = 0, column = 0;  // its place in the file, from 1
};

// Each send and trickle is a request, and {seq} numbers them on their connection, from 0. An expect or expect-line has
// the number of the oldest request that had none yet; when each had one, that of the latest. So several requests may be
// sent before the first reply is awaited, and a reply may be awaited in several parts.

struct Scenario {
  unsigned weight = 1;
  std::vector<ScriptStep> steps;  // never empty
};

// An option on top of a script: `option rate 5000`. The caller checks its name and value.
struct ScriptOption {
  std::string name, value;  // value: empty if there is none
  unsigned line = 0, column = 0;
};

// "echo.load:3:8: unknown step "sned", did you mean send?"
using ScriptError = std::string;

struct Script {
  std::string name;  // of its file
  std::vector<ScriptOption> options;
  std::vector<Scenario> scenarios;  // at least one

  ScriptError error_at(unsigned line, unsigned column, std::string_view what) const;
};

inline constexpr std::size_t most_script_bytes = 1024 * 1024;
inline constexpr std::size_t most_script_texts = 256 * 1024 * 1024;  // of all texts together, files included
inline constexpr std::size_t most_nested_repeats = 16;

// `name` appears in errors, and {file:...} is looked up in `folder`. Lines and columns count from 1, columns in bytes.
std::expected<Script, ScriptError> parse_script(std::string_view name, std::string_view text,
                                                const std::string& folder);
// Reads the script at `path`; {file:...} is looked up beside it. Blocks.
std::expected<Script, ScriptError> read_script(const std::string& path);

}  // namespace reactord::load
