// Waiting: a connection that has been accepted and waits, unread, for its address's turn. Only the first of an address
// has its timer armed: for when it is due, or has waited too long.
#pragma once

#include <cstddef>

#include "reactord/conn.hpp"
#include "serve/address_table.hpp"

namespace reactord {

class Admission;
class Service;
struct Refusal;

struct Waiting final : Timer {
  Waiting(Admission& by, Service& of, Conn accepted, AddressTable::Entry& at);
  Waiting(const Waiting&) = delete;
  ~Waiting();
  void on_timer() override;

  Admission& admission;
  Service& service;
  Conn conn;
  AddressTable::Entry& entry;
  const Refusal* why;  // the reason it is told if it has waited too long
  Time due;            // when the rate allows it; the count may hold it back for longer
  Time until;
  std::size_t index = 0;  // the index among all waiting connections

 private:
  friend class List<Waiting>;
  ListNode<Waiting> node_;  // of those of its address
};

}  // namespace reactord
