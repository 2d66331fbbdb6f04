// Waiting: a connection that has been accepted and waits, unread, for its address's turn. The timer of the first of an
// address is armed: for when it is due, or has waited too long.
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
  const Refusal* why;  // what it is told if it has waited too long
  Time due;            // by the rate; the count may hold it back for longer
  Time until;
  std::size_t index = 0;  // among all that wait
  Waiting* next = nullptr;
};

}  // namespace reactord
