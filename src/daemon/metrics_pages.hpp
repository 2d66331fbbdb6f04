// The pages that the HTTP server of the metrics shows, by their path.
//
//     /              for a browser, all of it drawn (status_page.hpp); for others, where the other pages are
//     /metrics       the metrics: OpenMetrics where the client prefers it, else the text format of Prometheus
//     /stats.json    as `stats --json` at the control socket
//
// None tells of a peer or a line. A new page is a row of the table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "reactord/context.hpp"
#include "reactord/task.hpp"

namespace reactord {

class ControlHost;

struct MetricsPage {
  struct Content {
    std::string type, text;
  };
  std::string_view path;
  // Makes it for a client that sends this Accept. May suspend. Errors: that of `context`, once it is done. Throws bad_alloc.
  Task<Result<Content>> (*make)(ControlHost& host, Context& context, std::string accept);
};

std::span<const MetricsPage> metrics_pages() noexcept;

}  // namespace reactord
