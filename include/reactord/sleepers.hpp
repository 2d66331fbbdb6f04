// Sleepers: the operations of a Reactor that wait in a SleepOperation, the newest first. Its shutdown fails them.
//
//     [newest] ---> ... ---> [oldest]
//
// Most fail at once. A wait for the end of other tasks goes on until nothing else can run. Then the newest fails alone:
// if each task waits for those that it began, it is the innermost, and its end may be what the next one waits for.
#pragma once

#include "reactord/list.hpp"
#include "reactord/sleep_operation.hpp"

namespace reactord {

class Sleepers : public List<SleepOperation> {
 public:
  void fail_all() noexcept;     // but those that wait for the end of tasks
  bool fail_newest() noexcept;  // false: there is none
};

}  // namespace reactord
