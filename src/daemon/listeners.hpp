// Listeners: where the daemon listens, as its settings want it; and the step from one list to another, which is taken
// as a whole or not at all.
//
//     settings                       served now                         what becomes of it
//     line@:9090                     line@:9090           id 1          stays as it is
//     echo@unix:/run/e.sock          line@unix:/run/e.sock  id 2        another handler, the same socket
//     line@127.0.0.1:7000                                               opened: if that fails, nothing changes
//                                    echo@:7001           id 3          its queue is accepted, then it closes
//
// Sockets that were passed stay open as long as the daemon: they can't be had again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/passed_sockets.hpp"
#include "daemon/settings.hpp"
#include "reactord/server.hpp"

namespace reactord {

// What is to be served: the listen options; without any, every name that was passed and is a protocol's; else
// line@:9090.
std::vector<ListenOption> wanted_listeners(const Options& options,
                                           const std::vector<std::string>& passed_names);

class Listeners {
 public:
  struct Served {
    ListenOption option;
    Address address;
    ListenerId id;
  };
  struct Change {
    std::vector<Served> added, removed;  // one that got another handler is in both
  };
  using OnPause = std::function<void(const Error& error, Duration pause)>;

  // Both must outlive it.
  Listeners(Reactor& reactor, Server& server, PassedSockets passed, OnPause on_pause);

  // Errors: those of listen(); invalid, of a passed socket that is not there or can't be served. Nothing has changed
  // then.
  Result<Change> change_to(const Options& options);

  // The passed sockets that nothing was wanted of: theirs is the caller to tell, and they are closed with the result.
  std::vector<PassedSocket> take_unused();

  std::vector<std::string> passed_names() const;
  std::string text() const;  // "line@[::]:9090 echo@/run/e.sock"

 private:
  struct Opened {
    ListenOption option;
    Listener listener;
  };
  struct Plan {
    std::vector<std::optional<ListenOption>> becomes;  // of each that is served: what; nothing: it ends
    std::vector<ListenOption> fresh;
  };

  Plan plan(const std::vector<ListenOption>& wanted) const;
  Change follow(const Plan& plan, std::vector<Opened> opened);

  Result<void> open(const ListenOption& option, bool reuse_port, std::vector<Opened>& opened);
  Result<void> open_passed(const ListenOption& option, std::vector<Opened>& opened);
  Result<void> adopt(const ListenOption& option, const PassedSocket& socket, std::vector<Opened>& opened);
  void take_passed(std::string_view name);
  void change_handler(Served& served, const ListenOption& option, Change& change);

  Reactor& reactor_;
  Server& server_;
  PassedSockets passed_;
  std::vector<PassedSocket> held_;  // passed, and at some time wanted
  OnPause on_pause_;
  std::vector<Served> served_;
};

}  // namespace reactord
