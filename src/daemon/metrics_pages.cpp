#include "daemon/metrics_pages.hpp"

#include <array>
#include <utility>

#include "daemon/control_host.hpp"
#include "daemon/http_request.hpp"
#include "daemon/http_response.hpp"
#include "daemon/metrics_report.hpp"
#include "daemon/stats_text.hpp"
#include "daemon/status_page.hpp"

namespace reactord {
namespace {

using Content = MetricsPage::Content;

Task<Result<Content>> make_first_page(ControlHost& host, Context&, std::string accept) {
  if (accept.find("text/html") != accept.npos) co_return Content{"text/html; charset=utf-8", status_page()};
  co_return Content{std::string(HttpResponse::plain_text),
                    host.version() +
                        "\n\n/metrics     for Prometheus\n/stats.json  the counters, as stats --json tells "
                        "them\n"};
}

Task<Result<Content>> make_metrics_page(ControlHost& host, Context& context, std::string accept) {
  const bool is_open = wants_open_metrics(accept);
  const auto format = is_open ? MetricsFormat::open_metrics : MetricsFormat::prometheus;
  Task<Result<std::string>> making = make_metrics(host, context, format);
  auto text = co_await std::move(making);
  if (!text) co_return std::unexpected(std::move(text).error());
  co_return Content{is_open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                            : "text/plain; version=0.0.4; charset=utf-8",
                    std::move(*text)};
}

Task<Result<Content>> make_stats(ControlHost& host, Context&, std::string) {
  co_return Content{"application/json", stats_text(host, ControlFormat::json)};
}

constexpr std::array<MetricsPage, 3> pages{
    {{"/", make_first_page}, {"/metrics", make_metrics_page}, {"/stats.json", make_stats}}};

}  // namespace

std::span<const MetricsPage> metrics_pages() noexcept { return pages; }

}  // namespace reactord
