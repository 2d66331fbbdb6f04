// AccessLog: the ends of connections that are logged. The counters count every one.
//
//     all            each
//     errors         a failure: somebody was not served in full, was cut off, or broke off before the last answer
//     sample=1/100   each failure, and one in a hundred of the others
//     off            none
//
// The ends that it leaves out are not reported as omitted: they were not wanted.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "daemon/values.hpp"
#include "reactord/server.hpp"

namespace reactord {

inline constexpr std::array<std::string_view, 4> access_log_words{"all", "errors", "sample=1/100", "off"};

class AccessLog {
 public:
  static constexpr unsigned least_often = 1'000'000;  // the most that a sample may leave out for one

  // The text is one of the above. An error begins with it, and says what may be written.
  static Parsed<AccessLog> parse(std::string_view text);

  // Says whether the end is to be logged. It counts the samples: call it once for each end.
  bool admits(const ConnectionEnd& end) noexcept;

  bool operator==(const AccessLog&) const = default;

 private:
  enum class Others : std::uint8_t {
    all,     // an end that is no failure is logged
    sample,  // one in one_in_ of them is
    none,
  };

  bool logs_failures_ = true;
  Others others_ = Others::all;
  unsigned one_in_ = 1;
  unsigned left_ = 0;  // the ends to leave out before the next sample
};

// False for an end in the usual course: the client or the protocol has finished, the client was idle or as old as it may be,
// or the daemon drained.
bool is_failure(const ConnectionEnd& end) noexcept;

}  // namespace reactord
