// SideListener: the one listener, or none, of a server beside that of the clients, and its change from place to place.
//
//     prepare() --> the new listener is open, and accepts nothing yet --> follow()    it serves, the former one closes
//                                                                     --> abandon()   it closes, all stays as it was
//
// So a reload opens it before it changes anything else. Open connections stay with their server.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/side_place.hpp"
#include "reactord/handler.hpp"
#include "reactord/listener.hpp"
#include "reactord/server.hpp"

namespace reactord {

class SideListener {
 public:
  // The places that a change has closed and opened, as they are logged; empty: none.
  struct Change {
    std::string closed, opened;
  };

  // All must outlive its use, and `protocol` too. `options` apply to each listener but for the file, which the place names.
  SideListener(Server& server, StreamHandler& handler, std::string_view protocol, ListenOptions options);

  // Opens the place that is wanted, if there is another one or none yet; or gives the file that is served its new mode and
  // owner. Call follow() or abandon() after it. Errors: those of listen() and Listener::set_file(); nothing has changed then.
  Result<void> prepare(const SidePlace& wanted);
  Change follow();
  void abandon() noexcept;

  void failed(ListenerId id) noexcept;  // the server has closed it

  const SidePlace& place() const noexcept { return place_; }  // in force
  const std::string& address() const noexcept { return address_; }
  // Whether everybody who is not on this machine may connect, too.
  bool is_public() const noexcept { return is_public_; }

 private:
  bool is_kept(const SidePlace& wanted) const;

  Server& server_;
  StreamHandler& handler_;
  std::string_view protocol_;
  ListenOptions options_;
  SidePlace place_;
  ListenerId id_ = 0;    // 0: it does not listen
  std::string address_;  // as it is logged
  bool is_public_ = false;
  // Between prepare() and follow() or abandon():
  std::optional<SidePlace> wanted_;
  std::optional<Listener> opened_;  // empty: the listener is kept, or none is wanted
};

}  // namespace reactord
