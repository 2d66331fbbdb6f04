// The place of the metrics, as an operator writes it.
//
//     127.0.0.1:9464  [::1]:9464  :9464     over HTTP; with port 0 the kernel chooses one
//     unix:/run/reactord/metrics.sock mode=0660 group=GROUP
//     none                                  nobody can read them, but at the control socket
#pragma once

#include <string>
#include <string_view>

#include "daemon/side_place.hpp"
#include "daemon/values.hpp"

namespace reactord {

// An error begins with `text`, and says what would be right.
Parsed<SidePlace> parse_metrics(std::string_view text);

// The file that the metrics are written to: an absolute path, as /var/lib/node_exporter/reactord.prom; empty for none. Errors:
// the same.
Parsed<std::string> parse_metrics_file(std::string_view text);

}  // namespace reactord
