// ListenOption: what is served where, as an operator writes it.
//
//     line@:9090                              every address of the machine, over IPv4 and IPv6
//     line@tcp4::9090                         every address, over IPv4 alone; tcp6: over IPv6 alone
//     line@unix:/run/line.sock                a path; behind it, spaces between: mode=0660 owner=USER group=GROUP
//     line@unix:@name                         no file: see unix(7)
//     line@systemd:NAME                       the sockets that systemd passes by that name
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/values.hpp"
#include "reactord/listener.hpp"

namespace reactord {

struct ListenOption {
  std::string protocol;
  std::string address;  // without what is behind it; it has parsed
  SocketFileOptions file = {};

  static constexpr std::string_view passed_prefix = "systemd:";
  bool is_passed() const noexcept { return address.starts_with(passed_prefix); }
  std::string_view passed_name() const noexcept {  // of one that is
    return std::string_view(address).substr(passed_prefix.size());
  }
  std::string text() const { return protocol + '@' + address; }
};

Parsed<std::string> parse_protocol(std::string_view name);

// Errors: what is wrong with `text`, and what would be right.
Parsed<ListenOption> parse_listen(std::string_view text);

struct ListenPlace {
  Network network;
  Address address;
};

// Where one that is not passed listens. Errors: as Address::parse().
Result<ListenPlace> listen_place(const ListenOption& option);

// A text that is the same for all that listen at the same place, whatever they serve there. Where the kernel chooses
// (port 0, "unix:@"), each is another place: the text is the same for those that were written the same, and
// `is_chosen` is set.
struct PlaceName {
  std::string text;
  bool is_chosen = false;
};
PlaceName place_name(const ListenOption& option);

// The texts of the places at which nobody can listen beside it, its own first: every address keeps every address of one
// family. One address beside all of them is not known here: the kernel refuses it. Where the kernel chooses, there are none.
std::vector<std::string> kept_places(const PlaceName& place);

// Whether one keeps the other from listening, by what is written. To hold many against many there is ListenList.
bool is_same_place(const ListenOption& left, const ListenOption& right);

}  // namespace reactord
