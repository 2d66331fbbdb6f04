// ListenerPlan: the steps from the present listeners to a list of wanted ones.
//
//     wanted              there                       step
//     line@:9090          line@:9090        id 1      kept
//     echo@unix:/run/e    line@unix:/run/e  id 2      kept, with another protocol or another mode of its file
//     line@unix:/run/g    line@unix:/run/g  id 3      its file is gone: ends, and is opened again
//     line@:7000          -                           fresh
//     -                   echo@:7001        id 4      ends
//
// Pure: it looks at its arguments alone, once each.
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
    // As Listener::is_reachable(). Ignored for a passed one, which can't be opened again.
    bool is_reachable;
  };
  struct Kept {
    ListenerId id;
    const ListenOption* becomes;
  };

  std::vector<Kept> kept;
  std::vector<ListenerId> ending;
  // The options to open. They include all passed ones, because one of several sockets of a name may be missing.
  std::vector<const ListenOption*> fresh;

  // Refers to the options of both arguments.
  static ListenerPlan make(std::span<const ListenOption> wanted, std::span<const There> there);
};

}  // namespace reactord
