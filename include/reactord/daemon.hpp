// run_daemon: the whole main() of a daemon that serves your protocols as reactord serves its own.
//
//     int main(int argc, char** argv) {
//       Store store;  // a LineHandler, a StreamHandler or a LineConnectionFactory
//       return reactord::run_daemon(argc, argv, {.name = "kvd", .version = "1.0",
//                                                .protocols = {{"kv", "stores values under keys", store}},
//                                                .listen = "kv@:7000"});
//     }
//
//     command line --+
//     configuration -+--> settings --> listeners --> Server --> your handlers
//     passed sockets-+        ^                        |
//                          SIGHUP                   SIGTERM: drain, exit
//
//     settings in force --> on_start --> listens, serves --SIGTERM--> drains --> on_stop --> every task ends
//
// It has the options, the configuration file, --check, the limits, the log, the signals, inetd, passed sockets, programs that
// serve beside your protocols (docs/programs.md), and the reports to a service manager that reactord(8) describes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reactord/error.hpp"
#include "reactord/protocol.hpp"
#include "reactord/reactor.hpp"
#include "reactord/setting.hpp"
#include "reactord/task.hpp"

namespace reactord {

struct DaemonProgram {
  // It has letters, digits, dashes and underscores. It begins each message on standard error; /etc/NAME is where messages
  // expect its configuration.
  std::string name;
  std::string version;  // for --version
  // The beginning of --help, behind the name: "stores values for the network". Empty: "serves kv to the network".
  std::string summary = {};
  // At least one, each of another name. The handlers must outlive run_daemon().
  std::vector<Protocol> protocols;
  // PROTOCOL@ADDRESS, served where no setting names another and no socket is passed.
  std::string listen;
  // Your own settings, behind those that every daemon has, whose names they must not have.
  std::vector<DaemonSetting> settings = {};
  // Called once by the loop, when the settings are in force and before it listens. It may spawn tasks, and keep the
  // Reactor until the end of on_stop. No signal is obeyed while it runs. An error or an exception ends the start: it is
  // printed, the status is 1, and nothing has been served. Not called by --check, --help and --version. With --inetd it
  // is called before the one connection is served.
  std::function<Result<void>(Reactor&)> on_start = {};
  // Called once by the loop, unless on_start has failed: when the drain has ended and no connection is left, when the
  // one connection of --inetd has ended, or when listening has failed at the start. Its task is waited for. What it
  // waits for fails with `cancelled` once it has lasted another drain-timeout, and from a second SIGTERM on, be that
  // before the call. An error or an exception is logged (event=stop-failed), and the status is 1. After it, with or
  // without one, Reactor::shutdown() fails what all other tasks wait for: none keeps the daemon. The last bytes of a
  // Conn of your own are sent by awaiting Conn::finish() in it. Not called when epoll_wait(2) has failed for good.
  std::function<Task<Result<void>>(Reactor&)> on_stop = {};
};

// Reads the settings and serves until SIGTERM or SIGINT. Call it once, from main(), before there are other threads: it
// takes variables of the service manager from the environment, blocks signals and has handlers for SIGPIPE and SIGXFSZ.
// While it runs, an exception that can't propagate ends the process with a message.
//
// Returns the exit status: 0 when clean, 64 for wrong usage, 78 for a wrong configuration, 1 when something else failed,
// which includes a `program` that breaks a rule above. It has printed why.
int run_daemon(int argc, char** argv, DaemonProgram program);

// The same with the program that `describe` returns: where there is no memory for it, that is told as it is later.
int run_daemon(int argc, char** argv, DaemonProgram (*describe)());

}  // namespace reactord
