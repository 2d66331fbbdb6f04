// inetd: one connection, which whoever started us has accepted and made our standard input: inetd, xinetd, s6, or a
// socket unit with Accept=yes and a service with StandardInput=socket.
//
//     SIGTERM, SIGINT   drain; a second one ends it at once
//     SIGUSR1           the counters
//     SIGHUP            is ignored: whoever tells all of us to reload does not mean to end a connection
//
// It logs what the daemon logs, to its end. The connection is given back as it was lent: blocking, if it was.
#pragma once

#include "daemon/settings.hpp"
#include "protocols/table.hpp"

namespace reactord {

// Where standard error is the socket that standard input is, as inetd makes it, it becomes /dev/null: not one word that is
// meant for an operator reaches a client, whoever of us would have said it. To be called before anything is said.
void keep_errors_from_client() noexcept;

// Serves it by `protocol` until it ends. Returns the exit status: 0; exit_usage if standard input is no connection; 1 if
// something else failed.
int run_inetd(const Options& options, const Protocol& protocol);

}  // namespace reactord
