// Options of the socket of an open connection. StreamOptions are those that it begins with, for all of a listener or a dial;
// ListenOptions::after_accept and DialOptions::before_connect are for options that are not here, Conn::fd() too.
//
// Errors: closed; system, with the call that failed, as Go prints them: "set tcp 127.0.0.1:1->127.0.0.1:2: use of closed
// network connection". A pipe, a transport, and a socket of another kind have none of these options: "operation not
// supported". None of them suspends.
#pragma once

#include <chrono>
#include <cstdint>

#include "reactord/conn.hpp"

namespace reactord {

// TCP_NODELAY of tcp(7): small writes are sent at once, and do not wait for the acknowledgement of earlier ones.
Result<void> set_no_delay(Conn& conn, bool on);

// Keep-alive of tcp(7): after `idle` of silence a probe each `interval`, and after `count` unanswered ones the connection
// fails with ETIMEDOUT. Zero or less `idle` turns it off. The kernel takes 1 to 32,767 seconds, and 1 to 127 probes.
Result<void> set_keep_alive(Conn& conn, std::chrono::seconds idle,
                            std::chrono::seconds interval = std::chrono::seconds(15), int count = 9);

// TCP_USER_TIMEOUT of tcp(7): how long sent bytes may be unacknowledged, or unsent ones find no room at the peer, before the
// kernel ends the connection with ETIMEDOUT. It holds for what is in the kernel; a deadline of a write holds for what is
// not. Zero: the kernel's own limit, some fifteen minutes. While it is set, it ends a keep-alive too.
Result<void> set_user_timeout(Conn& conn, std::chrono::milliseconds timeout);

// The process at the other end of a unix socket: for an accepted connection as it was when it connected, for a dialled one
// as it was when it called listen(2).
struct ProcessCredentials {
  std::int32_t process;  // the process id; 0: it is in another pid namespace
  std::uint32_t user;    // the effective user id
  std::uint32_t group;   // the effective group id
  bool operator==(const ProcessCredentials&) const = default;
};

// SO_PEERCRED of unix(7), asked of the kernel at each call. Address::credentials() has the first two without a call, where the
// connection was accepted or adopted.
Result<ProcessCredentials> peer_credentials(const Conn& conn);

}  // namespace reactord
