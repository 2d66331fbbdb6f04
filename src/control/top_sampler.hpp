// TopSampler: asks a daemon for a TopSample, command by command, on one connection.
//
//     stats -> limits -> metrics -> programs -> connections QUERY -> connection ID
//       |        \_________________________/         |                    |
//       |          what it refuses is not told       |                    |
//       +-- refused, failed: trouble                 +-- refused: mistake +-- refused: its reason is the text
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/top_sample.hpp"
#include "control/top_session.hpp"

namespace reactord::control {

class TopSampler {
 public:
  struct Wanted {
    std::optional<std::string> query;         // the words behind connections; empty: no connections
    std::optional<std::uint64_t> connection;  // one that is shown in full
  };
  struct Taken {
    Outcome outcome;      // not exit_done: there is no sample, and `why` it is so
    TopSample sample;     // without connections where there is a mistake
    std::string mistake;  // of the query, as the daemon says it
    std::vector<std::string> connection;
    std::uint64_t asked_on = 0;  // the session's connection; 0: more than one, perhaps of different daemons
  };

  explicit TopSampler(TopSession& session) noexcept : session_(session) {}  // which must outlive it

  // Suspends until all is answered. One at a time.
  Task<Taken> take(Wanted wanted);

 private:
  using Reader = Parsed<void> (*)(std::string_view text, TopSample& into);
  enum class Refusal : std::uint8_t {
    fails,     // the sample, with the reason
    is_right,  // a daemon of another version: what it would tell is left out
  };
  Task<Outcome> add(std::string command, Refusal refusal, Reader reader, TopSample& into);

  TopSession& session_;
};

}  // namespace reactord::control
