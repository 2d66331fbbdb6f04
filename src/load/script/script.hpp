// Script: what one connection of the load generator does, step by step, read from a .load file.
//
//     # a comment
//     option connections 100      # as --connections 100; the command line overrides it
//     mix 3                       # begins a scenario, with how often it is chosen beside others; a file may have several
//     connect                     # implied at the beginning; later: close and connect anew
//     repeat forever              # or: repeat 10
//       send "get {seq}\n"
//       expect "Server: get {seq}\n"
//       sleep 10ms
//     end
//
// One step a line. docs/load-scripts.md has them all; what is in strings: template.hpp.
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
    send,         // `text`: a request
    expect,       // the next bytes are `text`, exactly; more that has arrived is for the next expect
    expect_line,  // the next bytes are a line that begins with `text`, up to and with its \n
    expect_end,   // the peer ends in order, without a byte more
    sleep,        // for `duration`; what arrives meanwhile waits
    half_close,   // FIN: nothing more is sent
    reset,        // RST
    close,        // in order
    connect,      // anew, after a close where one is open; nothing on a connection that has done nothing yet
    slow_read,    // from here on, on this connection, at most `count` bytes a second are read, by itself
    trickle,      // send `text`, `count` bytes at a time, `duration` between two
    repeat,       // what follows, up to `target`, `count` times, 0 for ever
    end           // back to `target`, or on
  };
  Kind kind = Kind::send;
  Template text;
  Duration duration{0};
  std::uint64_t count = 0;
  std::size_t target = 0;         // of repeat: the index behind its end; of end: the index of its repeat
  unsigned line = 0, column = 0;  // where it is written, from 1
};

// Each send and trickle is a request, and {seq} numbers them on their connection, from 0. An expect or expect-line has
// the number of the oldest request that had none yet; when each had one, that of the latest. So several requests may be
// sent before the first reply is awaited, and a reply may be awaited in several parts.

struct Scenario {
  unsigned weight = 1;
  std::vector<ScriptStep> steps;  // never empty
};

// A setting of the run that stands on top of a script: `option rate 5000`. Whether it is one, and whether its value is
// right, is for the caller to say.
struct ScriptOption {
  std::string name, value;  // value: empty where there is none
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

// `name` is for errors, `folder` is where {file:...} is looked up. Lines and columns count from 1, columns in bytes.
std::expected<Script, ScriptError> parse_script(std::string_view name, std::string_view text,
                                                const std::string& folder);
// {file:...} is looked up beside it. Blocks, as files do.
std::expected<Script, ScriptError> read_script(const std::string& path);

}  // namespace reactord::load
