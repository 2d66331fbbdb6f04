// ScriptFlow: whether the steps of a scenario make sense one after the other: each repeat has its end, each step can be
// reached and finds the connection as it needs it. It sets the targets of repeat and end.
//
//     repeat 10            rounds_: [repeat 10, uses: connection by send in line 2]
//       send "a\n"
//       close              lost_: the connection, in line 3
//     end                  the second round would need what is lost
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "load/script/script.hpp"

namespace reactord::load {

class ScriptFlow {
 public:
  struct Wrong {
    std::string what;
    unsigned line, column;
  };
  using Checked = std::expected<void, Wrong>;

  // Checks the next step and appends it to `steps`, which has those before it.
  Checked add(ScriptStep step, std::vector<ScriptStep>& steps);
  // There is none any more: the file ends, or a mix stands there.
  Checked finish(const std::vector<ScriptStep>& steps) const;

 private:
  static constexpr std::size_t sides = 3;  // of a connection: as a whole, its sending side, its reading side
  struct Use {
    unsigned line = 0, column = 0;  // 0: none
  };
  struct Round {
    std::size_t repeat;                // its index
    std::array<Use, sides> first_use;  // in a round, of the connection that the round found
    bool has_connected, has_waited;
  };

  Checked begin_round(const ScriptStep& step, const std::vector<ScriptStep>& steps);
  Checked end_round(ScriptStep& step, std::vector<ScriptStep>& steps);
  Checked use(const ScriptStep& step);
  void change(const ScriptStep& step);
  std::string lost_sentence(std::size_t side) const;

  std::vector<Round> rounds_;           // the innermost last
  std::array<unsigned, sides> lost_{};  // since that line; 0: it is there
  unsigned never_ends_ = 0;             // the line of the repeat forever behind which this is
  bool has_sent_ = false;               // on this connection
};

}  // namespace reactord::load
