// ListenerChange: the change of the Listeners from one list to another by a ListenerPlan: completely or not at all.
//
//     open what is fresh --> follow: end, keep, begin to serve
//        | fails
//        +--> close what was opened: nothing has changed
//
// A large change takes many turns of the loop. A listener that fails meanwhile is not served any more. Each step is
// recorded before it is taken, or undone when recording fails: so every open listener is recorded.
#pragma once

#include <vector>

#include "daemon/listeners.hpp"
#include "daemon/turn_share.hpp"

namespace reactord {

class ListenerChange {
 public:
  // All arguments must outlive it.
  ListenerChange(Listeners& listeners, const ListenerPlan& plan, const Options& options) noexcept
      : listeners_(listeners), plan_(plan), options_(options) {}
  ListenerChange(const ListenerChange&) = delete;
  ListenerChange& operator=(const ListenerChange&) = delete;

  // Call it once. Errors and exceptions: as Listeners::change_to().
  static Task<Result<void>> run(ListenerChange& change);

  Listeners::Change take() noexcept { return std::move(change_); }  // returns the steps taken

 private:
  using Served = Listeners::Served;
  struct Opened {
    const ListenOption* option;
    Listener listener;
    int passed_number = 0;
  };
  struct Resumed {
    Served served;
    const ListenOption* becomes;
  };

  static Task<Result<void>> open_all(ListenerChange& self);
  static Task<> close_opened(ListenerChange& self);
  static Task<> follow(ListenerChange& self);

  AnyHandler handler_of(const ListenOption& option) const;
  Result<void> open(const ListenOption& option);
  Result<void> open_passed(const ListenOption& option);
  Result<void> adopt(const ListenOption& option, const PassedSocket& socket);
  bool resume(const ListenOption& option);
  void stop_resumed() noexcept;
  void end(ListenerId id);
  void keep(const ListenerPlan::Kept& kept);
  void become(Served& served, const ListenOption& option);
  void serve_again(const Resumed& resumed);
  void begin(Opened& opened);
  void become_known_as(ListenerId before, ListenerId now);

  Listeners& listeners_;
  const ListenerPlan& plan_;
  const Options& options_;
  std::vector<Opened> opened_;
  std::vector<Resumed> resumed_;  // they are among the ending ones until they are served again
  Listeners::Change change_;
};

}  // namespace reactord
