// SessionOrder: the sessions of a server in the order in which they began, and the walks over them.
//
//     1 ---> 2 ---> 4 ---> 5 ---> 9        number(): 3 and 6 to 8 have ended
//            ^             ^
//          walk          walk              each at the session that it shows next
//
// A session that ends moves the walks that stand at it to the next one. A walk does not go beyond the session that was the
// last one when it began: so it ends, however many connections come meanwhile. A walk that stays at its session is how a
// ConnectionTrace hears of the end of that.
#pragma once

#include <cstdint>

#include "reactord/end_cause.hpp"
#include "reactord/list.hpp"

namespace reactord {

class ConnectionWalk;
class Session;

// The place of a session in the order: a base of it.
class SessionPlace {
 private:
  friend class List<SessionPlace>;
  ListNode<SessionPlace> node_;
};

class SessionOrder {
 public:
  SessionOrder() noexcept = default;
  ~SessionOrder();  // its walks are over
  SessionOrder(const SessionOrder&) = delete;
  SessionOrder& operator=(const SessionOrder&) = delete;

  void add(Session& session) noexcept;  // as the last one, with the next number
  // `session` takes the place and the number of `former`.
  void replace(Session& former, Session& session) noexcept;
  void remove(Session& session, EndCause cause) noexcept;  // it has ended by `cause`

  Session* first() const noexcept;                        // null when there is none
  static Session* next(const Session& session) noexcept;  // null after the last
  std::uint64_t last_number() const noexcept { return last_number_; }

  bool check() const noexcept;  // checks that the numbers ascend: for tests

 private:
  friend class ConnectionWalk;
  static Session* session_at(SessionPlace* place) noexcept;

  OrderedList<SessionPlace> places_;
  List<ConnectionWalk> walks_;
  std::uint64_t last_number_ = 0;
};

}  // namespace reactord
