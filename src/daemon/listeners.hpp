// Listeners: the places where the daemon listens, as its settings want them, with the sockets that were passed to it. A
// ListenerChange makes the step from one list to another.
//
// A listener that ends accepts the connections in its queue first, which takes a full server some time. Meanwhile it
// can be resumed. Passed sockets stay open as long as the daemon: they can't be opened again.
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

class Programs;

class Listeners {
 public:
  // The number of listeners opened, ended or changed in one turn of the loop, and the time for it: clients are served
  // between.
  static constexpr std::size_t changes_per_turn = 64;
  static constexpr Duration change_time_per_turn = 2ms;

  struct Served {
    ListenOption option;
    Address address;
    ListenerId id;
    int passed_number = 0;  // PassedSocket::number() of the adopted socket; 0: not adopted
    Time since = {};        // when it was opened or adopted, or began to serve its protocol
  };
  struct Change {
    std::vector<Served> added, removed;  // a listener with another handler is in both
    std::vector<Served> unreachable;  // passed listeners whose file is gone: only systemd can make it again
    std::vector<Served> unserved;     // passed listeners that are not wanted any more
    std::vector<Error> failures;      // modes and owners that could not be set for a kept listener
  };
  using OnPause = std::function<void(const Error& error, Duration pause)>;

  // All must outlive it. `programs` are prepared before a change that wants them; null: there are none.
  Listeners(Reactor& reactor, Server& server, PassedSockets passed, OnPause on_pause,
            Programs* programs = nullptr);

  // Makes one change at a time; suspends during a large one. Errors: those of listen(), or of memory; invalid, for a
  // passed socket that is missing or can't be served, and when there is nothing to listen at. After an error nothing
  // has changed. Throws bad_alloc when memory runs out amid the change: the next change begins from the listeners that
  // exist then.
  Task<Result<Change>> change_to(const Options& options);  // must live until it has ended

  // The passed sockets that no option wants. The caller reports them; they are closed with the result.
  std::vector<PassedSocket> take_unused();

  // Forgets a listener that has failed and was closed by the server: the next change_to() that wants it opens it again.
  // Empty when it is not known.
  std::optional<Served> forget(ListenerId id);

  const std::vector<std::string>& passed_names() const noexcept { return passed_names_; }
  // The listeners in service, and the ending ones that still hold their address.
  std::vector<ListenOption> in_use() const;

  // The listeners in service, in the order in which they were opened.
  std::vector<Served> served() const;

  // The number of descriptors open with `options`: see listening_descriptors().
  std::size_t descriptors(const Options& options) const;
  std::string text() const;  // "line@[::]:9090 echo@unix:/run/e.sock", and the number of others

 private:
  friend class ListenerChange;

  ListenerPlan plan(const std::vector<ListenOption>& wanted) const;
  void take_passed(std::string_view name);
  const Served& serve(Served served);
  void forget_closed();

  Reactor& reactor_;
  Server& server_;
  PassedSockets passed_;
  const std::vector<std::string> passed_names_;  // as passed at the start, even if closed since
  std::vector<PassedSocket> held_;               // passed, and wanted at some time
  OnPause on_pause_;
  Programs* programs_;
  std::map<ListenerId, Served> served_;                  // in the order in which they were opened
  std::unordered_set<int> served_numbers_;               // the passed sockets among them
  std::unordered_multimap<std::string, Served> ending_;  // by the name of their place, until they have closed
};

}  // namespace reactord
