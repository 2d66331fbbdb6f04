// The command of the control socket that tells the metrics. No line of theirs may be taken for the last one of an answer: each
// begins with # or with the name of a metric.
#include <array>
#include <utility>

#include "daemon/control_command.hpp"
#include "daemon/metrics_report.hpp"

namespace reactord {
namespace {

Task<std::string> metrics(ControlRequest& request) {
  if (request.format == ControlFormat::json)
    co_return "metrics has no JSON: leave --json out, or ask stats --json";
  // Without dashes, too: reactordctl takes what begins with them for an option of its own.
  const bool is_open =
      request.words.size() == 1 && (request.words[0] == "--openmetrics" || request.words[0] == "openmetrics");
  if (!request.words.empty() && !is_open) co_return "metrics takes no argument but openmetrics";
  const auto format = is_open ? MetricsFormat::open_metrics : MetricsFormat::prometheus;
  Task<Result<std::string>> making = make_metrics(request.host, request.context, format);
  auto text = co_await std::move(making);
  if (!text) co_return "this is not all: the control socket is being closed";
  auto sent = co_await request.conn.write(*text);
  co_return sent ? std::string() : sent.error().text();
}

constexpr std::array<ControlCommand, 1> commands{{
    {"metrics", "[openmetrics]", "show the metrics, as Prometheus reads them", metrics,
     "  The text format of Prometheus, or OpenMetrics. The totals of lines and bytes are those of open and\n"
     "  ended connections. metrics = 127.0.0.1:9464 in the configuration serves them over HTTP.\n"},
}};

}  // namespace

std::span<const ControlCommand> metrics_commands() noexcept { return commands; }

}  // namespace reactord
