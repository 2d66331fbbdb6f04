// ControlOption: the place of the control socket, as an operator writes it.
//
//     unix:/run/reactord/control.sock mode=0660 owner=USER group=GROUP     a file; by default of mode 0600
//     unix:@name                                                           no file: see unix(7)
//     none                                                                 there is no control socket
#pragma once

#include <string>
#include <string_view>

#include "daemon/values.hpp"
#include "reactord/listener.hpp"

namespace reactord {

struct ControlOption {
  std::string address;  // without the file's words; empty: none
  SocketFileOptions file = {};

  static constexpr unsigned usual_mode = 0600;
  bool is_on() const noexcept { return !address.empty(); }
  bool has_file() const noexcept { return is_on() && !address.starts_with("unix:@"); }
  bool operator==(const ControlOption&) const = default;
};

// An error begins with `text`, and says what would be right.
Parsed<ControlOption> parse_control(std::string_view text);

}  // namespace reactord
