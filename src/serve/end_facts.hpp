// EndFacts: the facts known of a connection that has ended. The order of precedence of causes is decided here, for
// lines, streams and rejections alike.
//
//     killed           kill() cut it short
//     slow_reader      its endpoint gave the peer up
//     over_limit       it was evicted: later failures do not count
//     reset, error     the kernel said so, of a send or a receive
//     as decided       what the session ended it for
#pragma once

#include <string_view>

#include "reactord/end_cause.hpp"

namespace reactord {

struct EndFacts {
  bool killed = false;
  bool gave_up = false;
  EndCause decided = EndCause::finished;
  int write_failure = 0;      // an errno
  int read_failure = 0;       // an errno
  bool all_answered = false;  // as in ConnectionEnd

  EndCause cause() const noexcept;
  int error() const noexcept;  // the errno behind cause(); 0: none
};

// The cause that the failure of an operation (encoded as in IoOperation) implies.
EndCause cause_of(int failure) noexcept;

// The limit behind a cause, by its option's name; empty: none. `too_much`: too many bytes were held or waited.
std::string_view limit_behind(EndCause cause, bool too_much) noexcept;

}  // namespace reactord
