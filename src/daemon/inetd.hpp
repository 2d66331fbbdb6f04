// inetd: one connection, which the parent has accepted and passed as standard input: inetd, xinetd, s6, or a socket
// unit with Accept=yes and a service with StandardInput=socket.
//
//     SIGTERM, SIGINT   drain; a second one ends it at once
//     SIGUSR1           the counters
//     SIGHUP            is ignored: a reload of all processes is not meant to end a connection
//
// It logs what the daemon logs. The connection is given back as it was lent: blocking, if it was.
#pragma once

#include "daemon/settings.hpp"
#include "reactord/protocol.hpp"

namespace reactord {

// Replaces standard error by /dev/null when it is the same socket as standard input, as inetd makes it: no text for an
// operator may reach a client. Call it before anything is written.
void keep_errors_from_client() noexcept;

// Serves the connection by `protocol` until it ends. Returns the exit status: 0; exit_usage if standard input is no
// connection; 1 if something else failed.
int run_inetd(const Options& options, const Protocol& protocol);

}  // namespace reactord
