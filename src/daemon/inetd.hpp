// inetd: one connection, which whoever started us has accepted and made our standard input: inetd, xinetd, s6, or a
// socket unit with Accept=yes and a service with StandardInput=socket.
#pragma once

#include "daemon/settings.hpp"

namespace reactord {

// Whether what is written to standard error would reach the client: inetd makes it the connection, too.
bool errors_go_to_client();

// Serves it by the protocol that options.inetd names until it ends; SIGTERM and SIGINT drain it. Returns the exit
// status: 0; exit_usage if standard input is no connection; 1 if something else failed.
int run_inetd(const Options& options);

}  // namespace reactord
