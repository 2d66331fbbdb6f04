// Admission: decides by the limits on connections (limits.hpp) whether an accepted connection is served, waits, or is
// rejected; and whether the accept loops may accept at all.
//
//     kernel's queue --- AcceptGate ---> admit() --+--> served
//                       full, or the               +--> waits ---> served       its address is at a limit that defers
//                       rate is spent              |      +------> rejected     it has waited for idle_timeout
//                                                  +--> rejected                a limit that rejects, or too many wait
//
// An address's own limits are checked first, and a rejected connection uses nothing of the limits on all: so one client
// can't use up the places of everybody.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "serve/accept_gate.hpp"
#include "serve/address_table.hpp"
#include "serve/rejection.hpp"
#include "serve/session.hpp"
#include "serve/token_bucket.hpp"
#include "serve/waiting.hpp"

namespace reactord {

class Admission {
 public:
  explicit Admission(ServerCore& server);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  bool has_limits() const noexcept { return has_limits_; }  // when false, nothing below need be called

  // Decides on a connection that has been counted as accepted.
  void admit(Service& service, Conn conn, Begin begin);
  void take_place(const Conn& conn);        // counts a connection that is served whatever the limits
  void leave_place(const Address& remote);  // counts the end of a served connection
  void limits_changed();                // the Server's limits have changed: all connections are counted again
  void mark_services() const noexcept;  // marks the services of waiting connections as used
  void end_waiting();                   // rejects the waiting connections, at a drain or kill
  bool may_accept() { return gate_.is_open() || update_gate(); }
  bool update_gate();                                      // returns whether it is open now
  void report_gate(const Service& service) const;          // reports that an accept loop begins to wait
  AcceptGate::Wait wait(const Service& service) noexcept;  // suspends until it is worth asking again

  std::size_t waiting() const noexcept { return waiting_.size(); }
  std::size_t put_aside() const noexcept { return put_aside_.size(); }
  std::size_t rejected() const noexcept { return rejections_.size(); }  // not yet gone
  bool check(std::size_t places) const noexcept;  // `places`: the number of sessions and waiting connections

 private:
  friend struct Waiting;
  using Entry = AddressTable::Entry;

  void read_limits();
  void readmit(Service& service, Conn conn);
  const Refusal* refusal(const Entry* entry, Time now) const noexcept;
  const Refusal* address_refusal(const Entry& entry, Time now) const noexcept;
  bool has_place(const Entry& entry) const noexcept;
  bool is_full() const noexcept;
  bool must_wait(const Entry& entry, Time due) const noexcept;
  const Refusal& waits_for(const Entry& entry) const noexcept;
  void count_place(Entry* entry) noexcept;
  void wait_for_turn(Service& service, Conn conn, Entry& entry, Time due);
  void arm_first(Entry& entry);
  Conn stop_waiting(Waiting& waiting);
  void turn_came(Waiting& waiting);
  void report(const Refusal& limit, const Service& service, const Address* remote) const;

  ServerCore& server_;
  Reactor& reactor_;
  const Limits& limits_;
  Pace accepts_pace_{{}}, address_pace_{{}};
  // These stay in place when the limits change: a Rejection may refer to one.
  Refusal connections_{}, address_connections_{}, accepts_{}, address_accepts_{};
  const Refusal drained_{EndCause::drained, {}, {}};
  bool has_limits_ = false;
  std::optional<AddressTable> addresses_;  // set when a limit per address is set
  TokenBucket bucket_;
  AcceptGate gate_;
  std::size_t places_ = 0;  // the number of places taken by served and waiting connections
  std::vector<std::unique_ptr<Waiting>> waiting_;
  // The connections put aside by new limits. They are admitted as if they had just been accepted.
  std::deque<std::pair<Service*, Conn>> put_aside_;
  Rejections rejections_;
};

}  // namespace reactord
