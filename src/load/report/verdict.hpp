// Verdict: whether a run has failed, with which exit status, and why. Any error fails the run: there is no list of errors
// that count.
//
//     status  the run ...                                                          rank among several
//     0       went well
//     1       failed: an error, no connection or answer, too few connections, a report that can't be written   third
//     2       met replies that were wrong, lost or late: errors of the phase "reply"                           second
//     3       broke a condition: --fail-if, --slo                                                              last
//     64      could not begin: wrong usage
//     130     was ended by a signal, before anything was answered or by a second one                           first
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "load/options/options.hpp"
#include "load/result/result.hpp"

namespace reactord::load {

inline constexpr int exit_failed = 1, exit_wrong_reply = 2, exit_condition = 3, exit_interrupted = 130;

class Verdict {
 public:
  void add(int status, std::string why);

  bool is_failure() const noexcept { return !reasons_.empty(); }
  int status() const noexcept;  // the status of the worst reason; 0: there is none
  std::string why() const;      // one line: all reasons, the worst first

 private:
  struct Reason {
    int status;
    std::string why;
  };
  std::vector<Reason> reasons_;
};

// Adds the conditions of --fail-if that hold. They must have been parsed before.
void add_conditions(Verdict& verdict, const LoadOptions& options, const LoadResult& result);

// Judges a result. `options` are the options of its run; their conditions must have been parsed before.
Verdict judge_run(const LoadOptions& options, const LoadResult& result);

}  // namespace reactord::load
