// DialRace: connects to the first of several addresses that answers (RFC 8305, section 5). A coroutine tries each address
// and reports its outcome to the race.
//
//     run --- begin, pause until the delay is over or an attempt has ended, begin, pause ... --- wait for all --> result
//              |                                    |
//              attempt: socket, connect ------------+--> won: the others are cancelled   failed: the first error is kept
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "net/endpoint.hpp"
#include "net/pause_operation.hpp"
#include "reactord/dial.hpp"

namespace reactord {

class DialRace {
 public:
  // `scope` ends the race; `addresses` is not empty. Both, and the options, must outlive run().
  DialRace(Context& scope, Network network, const DialOptions& options,
           const std::vector<Address>& addresses);

  // Ends after every attempt has ended: attempts refer to this race.
  Task<Result<Conn>> run();

 private:
  static constexpr int self_connects = 3;  // after so many in a row the port counts as refused

  static Task<> attempt(DialRace& race, const Address& address, Time deadline);
  static Task<Result<WatchHandle<Endpoint>>> connect(DialRace& race, Context& share, const Address& address);

  bool goes_on() const noexcept;
  bool may_begin() const noexcept;
  void begin_next();
  void failed(Error error, const Address& address);
  void win(WatchHandle<Endpoint> endpoint);
  Result<int> open(const Address& address) const;
  bool is_self_connected(const Endpoint& endpoint) const;
  Error named(Error error, const Address& address) const;

  Context& scope_;
  Reactor& reactor_;
  const Network network_;
  const DialOptions& options_;
  const std::vector<Address>& addresses_;
  const bool serial_;

  Context attempts_;                   // child of scope_: cancels the losers
  PauseOperation* pausing_ = nullptr;  // of run(), while it pauses
  std::size_t next_ = 0;               // the index of the next address
  std::size_t under_way_ = 0;          // attempts begun and not yet ended
  bool shut_down_ = false;             // by the Reactor
  std::optional<Conn> winner_;
  std::optional<Error> first_error_;
};

}  // namespace reactord
