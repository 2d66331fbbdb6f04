// run_until_signal: serves until SIGINT or SIGTERM, then ends in order. For the main() of a server.
//
//     Reactor reactor;
//     Server server(reactor);
//     auto address = server.listen(":9090", handler);
//     ...
//     return run_until_signal(server) ? 0 : 1;
//
//     SIGINT or SIGTERM --> Server::drain(drain_timeout)
//        |                  within a second: counts as the same one. timeout(1) sends it to its child and to the group
//     SIGINT or SIGTERM --> Server::kill()
#pragma once

#include "reactord/server.hpp"

namespace reactord {

struct RunUntilSignalOptions {
  Duration drain_timeout = 10s;  // what is open then is killed, see Server::drain()
};

// Runs the server's Reactor until a signal has ended the server and nothing else is left to run; or until the run ends
// by itself, as after Server::drain() or Reactor::stop(). `server` must outlive the call. Result: ok, also after a kill. Errors:
// those of Reactor::run(), busy from within a turn among them, and of signalfd(2).
//
// Both signals are blocked for the calling thread, and stay so afterwards: a late signal does not cut the end of main
// short. A signal that came earlier counts at once if it was blocked by then, else it has ended the process. Threads that
// were started earlier must block both, or the signal may end the process there.
Result<void> run_until_signal(Server& server, RunUntilSignalOptions options = {});

}  // namespace reactord
