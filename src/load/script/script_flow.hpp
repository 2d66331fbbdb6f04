// ScriptFlow: checks the order of the steps of a scenario. Each repeat must have its end, and each step must be reachable
// and find the connection as it needs it. It sets the targets of repeat and end.
//
//     repeat 10            rounds_: [repeat 10, uses: connection by send in line 2]
//       send "a\n"
//       close              lost_: the connection, in line 3
//     end                  the second round would need the lost connection
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "load/script/diagnostic.hpp"
#include "load/script/script.hpp"

namespace reactord::load {

class ScriptFlow {
 public:
  // Checks the next step and appends it to `steps`, which holds the steps before it.
  Checked add(ScriptStep step, std::vector<ScriptStep>& steps);
  // Checks the end of the scenario, at a mix or the end of the file.
  Checked finish(const std::vector<ScriptStep>& steps) const;

 private:
  static constexpr std::size_t sides = 3;  // the whole connection, its sending side, its reading side
  struct Use {
    unsigned line = 0, column = 0;  // 0: none
  };
  struct Round {
    std::size_t repeat;                // the index of its repeat
    std::array<Use, sides> first_use;  // of the connection that was there when the round began
    bool has_connected, has_waited;
  };

  Checked begin_round(const ScriptStep& step, const std::vector<ScriptStep>& steps);
  Checked end_round(ScriptStep& step, std::vector<ScriptStep>& steps);
  Checked use(const ScriptStep& step);
  void change(const ScriptStep& step);
  std::string lost_sentence(std::size_t side) const;

  std::vector<Round> rounds_;           // the innermost last
  std::array<unsigned, sides> lost_{};  // the line that ended each side; 0: it is there
  unsigned never_ends_ = 0;             // the line of a repeat forever before the next step; 0: none
  bool has_sent_ = false;               // on this connection
};

}  // namespace reactord::load
