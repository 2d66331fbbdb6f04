// ListenerPlan: what a list of wanted listeners makes of those that are there.
//
//     wanted              there                       what becomes of it
//     line@:9090          line@:9090        id 1      kept
//     echo@unix:/run/e    line@unix:/run/e  id 2      kept, with another protocol or another mode of its file
//     line@unix:/run/g    line@unix:/run/g  id 3      its file is gone: ends, and is opened anew
//     line@:7000          -                           fresh
//     -                   echo@:7001        id 4      ends
//
// Pure: it looks at nothing but what it is given, once each.
#pragma once

#include <span>
#include <vector>

#include "daemon/listen_option.hpp"
#include "reactord/server.hpp"

namespace reactord {

struct ListenerPlan {
  struct There {
    ListenerId id;
    const ListenOption* option;
    bool
        is_reachable;  // as Listener::is_reachable(); of a passed one it does not count: it can't be had again
  };
  struct Kept {
    ListenerId id;
    const ListenOption* becomes;
  };

  std::vector<Kept> kept;
  std::vector<ListenerId> ending;
  // Those to be opened: passed ones always, for one of several sockets of a name may be missing.
  std::vector<const ListenOption*> fresh;

  // Refers to the options of both.
  static ListenerPlan make(std::span<const ListenOption> wanted, std::span<const There> there);
};

}  // namespace reactord
