// Listeners: where the daemon listens, as its settings want it; and the step from one list to another (listener_plan.hpp),
// which is taken as a whole or not at all.
//
//     change_to()   plan --> open what is fresh --> follow: end, change, begin to serve
//                               | fails
//                               +--> close what was opened: nothing has changed
//
// A listener that ends accepts what is in its queue first, which a full server does not do at once. Meanwhile it can be
// had back. Sockets that were passed stay open as long as the daemon: they can't be had again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/listener_plan.hpp"
#include "daemon/passed_sockets.hpp"
#include "daemon/settings.hpp"
#include "reactord/server.hpp"

namespace reactord {

// What is to be served: the listen options; without any, every name that was passed and is a protocol's; where nothing
// was passed, line@:9090. Empty: sockets were passed, and none has the name of a protocol.
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
  // Listeners opened, ended or changed in one turn of the loop: clients are served between them.
  static constexpr std::size_t changes_per_turn = 64;

  struct Served {
    ListenOption option;
    Address address;
    ListenerId id;
    int passed_number = 0;  // PassedSocket::number() of what it was adopted from; 0: nothing was
  };
  struct Change {
    std::vector<Served> added, removed;  // one that got another handler is in both
    std::vector<Served> unreachable;     // passed ones whose file is gone: nobody else can make it anew
    std::vector<Served> unserved;        // passed ones that were served and are not wanted any more
    std::vector<Error> failures;         // modes and owners that could not be set of a listener that is kept
  };
  using OnPause = std::function<void(const Error& error, Duration pause)>;

  // Both must outlive it.
  Listeners(Reactor& reactor, Server& server, PassedSockets passed, OnPause on_pause);

  // Suspends while it changes many; one at a time. Errors: those of listen(); invalid, of a passed socket that is not there
  // or can't be served, and where there is nothing to listen at. Nothing has changed then.
  Task<Result<Change>> change_to(const Options& options);  // which must live until it has ended

  // The passed sockets that nothing was wanted of: theirs is the caller to tell, and they are closed with the result.
  std::vector<PassedSocket> take_unused();

  // A listener that has failed, and that the server has closed: it is not served any more, and the next change_to() that
  // wants it opens it anew. Nothing, if it is not known.
  std::optional<Served> forget(ListenerId id);

  const std::vector<std::string>& passed_names() const noexcept { return passed_names_; }

  // How many descriptors it would have open with `options`: see listening_descriptors().
  std::size_t descriptors(const Options& options) const;
  std::string text() const;  // "line@[::]:9090 echo@unix:/run/e.sock", and how many more

 private:
  struct Opened {
    const ListenOption* option;
    Listener listener;
    int passed_number = 0;
  };
  // What a change has done so far, and takes back if it fails.
  struct Resumed {
    Served served;
    const ListenOption* becomes;
  };
  struct Fresh {
    std::vector<Opened> opened;
    std::vector<Resumed> resumed;
  };

  ListenerPlan plan(const std::vector<ListenOption>& wanted) const;
  static Task<Result<void>> open_all(Listeners& self, const ListenerPlan& plan, const Options& options,
                                     Fresh& fresh);
  static Task<> take_back(Listeners& self, Fresh& fresh);
  static Task<> follow(Listeners& self, const ListenerPlan& plan, Fresh& fresh, Change& change);

  Result<void> open(const ListenOption& option, bool reuse_port, Fresh& fresh);
  Result<void> open_passed(const ListenOption& option, std::vector<Opened>& opened);
  Result<void> adopt(const ListenOption& option, const PassedSocket& socket, std::vector<Opened>& opened);
  bool resume(const ListenOption& option, std::vector<Resumed>& resumed);
  void take_passed(std::string_view name);
  void end(ListenerId id, Change& change);
  void keep(const ListenerPlan::Kept& kept, Change& change);
  void serve_again(Resumed& resumed, Change& change);
  void begin(Opened& opened, Change& change);
  const Served& serve(Served served);
  const Served& change_handler(ListenerId id, const ListenOption& option);
  void forget_closed();

  Reactor& reactor_;
  Server& server_;
  PassedSockets passed_;
  const std::vector<std::string> passed_names_;  // by the manager at the start, whatever has become of them
  std::vector<PassedSocket> held_;               // passed, and at some time wanted
  OnPause on_pause_;
  std::map<ListenerId, Served> served_;                  // in the order in which they were opened
  std::unordered_set<int> served_numbers_;               // of the passed sockets among them
  std::unordered_multimap<std::string, Served> ending_;  // by the name of their place: until they have closed
};

}  // namespace reactord
