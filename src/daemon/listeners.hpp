// Listeners: where the daemon listens, as its settings want it, and with which of the sockets that were passed to it. The
// step from one list to another is a ListenerChange.
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
#include "daemon/wanted_listeners.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Listeners {
 public:
  // Listeners opened, ended or changed in one turn of the loop, and how long that may take: clients are served between.
  static constexpr std::size_t changes_per_turn = 64;
  static constexpr Duration change_time_per_turn = 2ms;

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

  // Suspends while it changes many; one at a time. Errors: those of listen(), or of memory; invalid, of a passed socket that
  // is not there or can't be served, and where there is nothing to listen at. Nothing has changed then. Throws bad_alloc
  // where memory runs out amid the change: the next one begins from what there is then.
  Task<Result<Change>> change_to(const Options& options);  // which must live until it has ended

  // The passed sockets that nothing was wanted of: theirs is the caller to tell, and they are closed with the result.
  std::vector<PassedSocket> take_unused();

  // A listener that has failed, and that the server has closed: it is not served any more, and the next change_to() that
  // wants it opens it anew. Nothing, if it is not known.
  std::optional<Served> forget(ListenerId id);

  const std::vector<std::string>& passed_names() const noexcept { return passed_names_; }
  std::vector<ListenOption> in_use()
      const;  // of those that listen, and of those that end and still hold their address

  // How many descriptors it would have open with `options`: see listening_descriptors().
  std::size_t descriptors(const Options& options) const;
  std::string text() const;  // "line@[::]:9090 echo@unix:/run/e.sock", and how many more

 private:
  friend class ListenerChange;

  ListenerPlan plan(const std::vector<ListenOption>& wanted) const;
  void take_passed(std::string_view name);
  const Served& serve(Served served);
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
