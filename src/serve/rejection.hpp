// Rejection: the end of a connection that is not served. One line says why, then it is closed in order: the client's
// bytes are read and discarded, so that no reset destroys the line, even if the client has spoken first.
//
//     reject() ---> line, FIN ---> discard until the client's FIN (2 s, 1 MiB) ---> log
//                                     | one too many lingers: the oldest is cut short
//                                     +--------------------------------------------> log
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reactord/list.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Service;

struct Refusal {
  EndCause cause;
  std::string_view limit;  // the name of its option; empty: none
  std::string text;        // empty: it is closed without a message
};

class Rejection;

// The rejections that linger because of a limit, oldest first: at most Server::rejections_at_once. A client that holds
// one open holds up only another rejection.
class Rejections {
 public:
  Rejections() noexcept = default;
  Rejections(const Rejections&) = delete;
  Rejections& operator=(const Rejections&) = delete;

  void add(Rejection& rejection) noexcept;  // may cut the oldest short
  void remove(Rejection& rejection) noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  OrderedList<Rejection> rejections_;
  std::size_t size_ = 0;
};

// Begins a rejection, which deletes itself at its end. `why` must outlive it. `among` is null when the number is
// unbounded.
void reject(Service& service, Conn conn, const Refusal& why, Rejections* among);

}  // namespace reactord
