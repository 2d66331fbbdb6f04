// WorkerAnswer: one line that a worker has written, as docs/programs.md says it.
//
//     7 text      the answer to the oldest line of connection 7 that has none
//     7+ text     a line for it, and more follows: of an answer of several lines, or what it has not asked for
//     7= text     the same, without a newline at its end
//     7.          no more for the oldest line
//     7- text     a line for it, and then its end; "7-" ends it without one
//
// The rest of the line, with its newline, goes to the connection byte for byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reactord {

struct WorkerAnswer {
  enum class Kind : std::uint8_t {
    last,  // the oldest line is answered
    more,  // it is not yet
    none,  // the oldest line is answered, and nothing is sent
    end,   // the connection ends
  };
  std::uint64_t connection = 0;
  Kind kind = Kind::last;
  std::string_view bytes = {};  // for the peer; part of the line

  bool operator==(const WorkerAnswer&) const = default;
};

// `line` ends with a newline. Empty: it is no answer.
std::optional<WorkerAnswer> parse_worker_answer(std::string_view line) noexcept;

}  // namespace reactord
