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

// How many descriptors listening needs: one for each listener; one more for each passed socket, which stays open beside
// that for as long as we run. `held`: names of passed sockets that are wanted or not and stay open; `unclaimed`: of those
// that stay open only if they are wanted. Each as often as there are sockets of that name.
std::size_t listening_descriptors(const std::vector<ListenOption>& wanted,
                                  const std::vector<std::string>& held,
                                  const std::vector<std::string>& unclaimed);

class Listeners {
 public:
  struct Served {
    ListenOption option;
    Address address;
    ListenerId id;
    int passed_number = 0;  // PassedSocket::number() of what it was adopted from; 0: nothing was
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

  // A listener that has failed, and that the server has closed: it is not served any more, and the next change_to() that
  // wants it opens it anew. Nothing, if it is not known.
  std::optional<Served> forget(ListenerId id);

  std::vector<std::string> passed_names() const;

  // How many descriptors it would have open with `options`: see listening_descriptors().
  std::size_t descriptors(const Options& options) const;
  std::string text() const;  // "line@[::]:9090 echo@/run/e.sock"

 private:
  struct Opened {
    ListenOption option;
    Listener listener;
    int passed_number = 0;
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
  bool is_served(const PassedSocket& socket) const noexcept;
  bool has_unserved(const ListenOption& option) const noexcept;  // sockets of the name that is to be passed
  void change_handler(Served& served, const ListenOption& option, Change& change);

  Reactor& reactor_;
  Server& server_;
  PassedSockets passed_;
  std::vector<PassedSocket> held_;  // passed, and at some time wanted
  OnPause on_pause_;
  std::vector<Served> served_;
};

}  // namespace reactord
