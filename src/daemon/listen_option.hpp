// ListenOption: a protocol and the place where it is served, as an operator writes it.
//
//     line@:9090                              every address of the machine, over IPv4 and IPv6
//     line@tcp4::9090                         every address, over IPv4 alone; tcp6: over IPv6 alone
//     line@unix:/run/line.sock                a path; behind it, spaces between: mode=0660 owner=USER group=GROUP
//     line@unix:@name                         no file: see unix(7)
//     line@systemd:NAME                       the sockets that systemd passes by that name
#pragma once

#include <cassert>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/values.hpp"
#include "reactord/listener.hpp"

namespace reactord {

class Program;
class ProgramList;
struct Options;

struct ListenOption {
  std::string protocol;
  std::string address;  // without the file's options; it is valid
  SocketFileOptions file = {};

  static constexpr std::string_view passed_prefix = "systemd:";
  bool is_passed() const noexcept { return address.starts_with(passed_prefix); }
  std::string_view passed_name() const noexcept {  // only if is_passed()
    assert(is_passed());
    return std::string_view(address).substr(passed_prefix.size());
  }
  std::string text() const { return protocol + '@' + address; }
};

// Says so, and which is meant; it does not begin with the name.
std::string unknown_protocol(std::string_view name, const Program& program, const ProgramList& programs);

// Says whether `name` is that of a protocol or of a program: call it when all programs are known. The error does not begin
// with it.
Parsed<void> check_protocol(std::string_view name, const Options& options);
// The same for Options::inetd, which no program serves. The error begins with its text.
Parsed<void> check_inetd(const Options& options);

// Nothing is said of its protocol: a program of that name may follow. Errors: what is wrong with `text`, and what would be
// right.
Parsed<ListenOption> parse_listen(std::string_view text, const Program& program);

struct ListenPlace {
  Network network;
  Address address;
};

// Where a listener that is not passed listens. Errors: as Address::parse().
Result<ListenPlace> listen_place(const ListenOption& option);

// A text that is equal for all options that listen at the same place, whatever they serve there. Places chosen by the
// kernel (port 0, "unix:@") are all different: the text is equal for those that were written the same, and `is_chosen`
// is set.
struct PlaceName {
  std::string text;
  bool is_chosen = false;
};
PlaceName place_name(const ListenOption& option);

// The places that it keeps others from, its own first: every address of one family includes each of them. A single
// address beside all of them is not found here: the kernel refuses it. A place chosen by the kernel keeps none.
std::vector<std::string> kept_places(const PlaceName& place);

}  // namespace reactord
