// PostedCall: a call that any thread asks a Reactor for, without an allocation: so it can always be asked for.
//
//     idle --post(), by any thread--> posted --within a turn--> on_posted()
//               again while posted: no effect
//
// It is a node of the Reactor's list, and its owner keeps it until it has run. It runs behind every function that was
// posted before it. Reactor::post() with a function is for work of any number.
#pragma once

#include <cassert>

#include "reactord/list.hpp"

namespace reactord {

class PostedCall {
 public:
  PostedCall() noexcept = default;
  PostedCall(const PostedCall&) = delete;
  PostedCall& operator=(const PostedCall&) = delete;

 protected:
  virtual ~PostedCall() { assert(!node_.is_linked() && "a posted call lives until it has run"); }

 private:
  friend class Wakeup;
  friend class List<PostedCall>;

  // Called on the Reactor's thread. It may be posted again from here on. An exception that leaves it ends the program.
  virtual void on_posted() = 0;

  ListNode<PostedCall> node_;  // guarded by the Reactor's lock
};

}  // namespace reactord
