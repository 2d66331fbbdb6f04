// Script: what one connection of the load generator does, step by step, read from a .load file.
//
//     # a comment
//     mix 3                       # how often this scenario is chosen beside others; a file may have several
//     connect                     # implied at the beginning; later: close and connect anew
//     repeat forever              # or: repeat 10
//       send "get {seq}\n"
//       expect "Server: get {seq}\n"
//       sleep 10ms
//     end
//     half-close  reset  slow-read 1KiB/s  trickle 1 1s "abc"  close
//
// Strings know \n \r \t \0 \\ \" \xHH, and templates: {seq} counts the requests of the connection, {conn} is its number,
// {rand:16} sixteen random letters and digits (the same in the expect that follows), {file:path} a file's bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "load/template.hpp"
#include "reactord/time.hpp"

namespace reactord {

struct ScriptStep {
  enum class Kind : std::uint8_t {
    send,
    expect,
    sleep,
    half_close,
    reset,
    close,
    connect,
    slow_read,
    trickle,
    repeat,
    end
  };
  Kind kind;
  Template text;         // of send, expect, trickle
  Duration duration{0};  // of sleep; of trickle: between two pieces
  std::uint64_t count =
      0;  // of repeat: how often, 0 for ever; of trickle: bytes a piece; of slow_read: bytes a second
  std::size_t target = 0;  // of repeat: the index behind its end; of end: the index of its repeat
  unsigned line = 0, column = 0;
};

struct Scenario {
  unsigned weight = 1;
  std::vector<ScriptStep> steps;
};

struct Script {
  std::string name;  // of its file
  std::vector<Scenario> scenarios;
};

// "echo.load:3:8: unknown step "sned", did you mean send?"
using ScriptError = std::string;

// `folder` is where {file:...} is looked up.
std::expected<Script, ScriptError> parse_script(std::string_view name, std::string_view text,
                                                const std::string& folder);
std::expected<Script, ScriptError> read_script(const std::string& path);

}  // namespace reactord
