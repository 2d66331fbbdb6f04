#include "control/top_sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "base/quantity.hpp"
#include "control/json_value.hpp"
#include "control/metric_samples.hpp"

namespace reactord::control {
namespace {

constexpr std::array<std::string_view, 15> causes{"eof",           "finished",    "reset",     "idle",
                                                  "slow-line",     "slow-reader", "no-answer", "lifetime",
                                                  "line-too-long", "over-limit",  "over-rate", "proxy-header",
                                                  "drained",       "killed",      "error"};

std::unexpected<std::string> wrong(std::string_view command, std::string_view what) {
  return std::unexpected("the answer to " + std::string(command) +
                         " is not understood: " + std::string(what));
}

// The value of the answer, which must be of that kind.
Parsed<JsonValue> read_answer(std::string_view json, JsonValue::Kind kind, std::string_view command) {
  auto value = read_json(json);
  if (!value) return wrong(command, value.error());
  if (value->kind == kind) return std::move(*value);
  return wrong(command, kind == JsonValue::Kind::array ? "a list is expected" : "an object is expected");
}

std::string text_of(const JsonValue& object, std::string_view name) {
  const JsonValue* const value = object.find(name);
  return value != nullptr && value->kind == JsonValue::Kind::string ? value->text : std::string();
}

std::uint64_t count_of(const JsonValue& object, std::string_view name) {
  return whole(object.find(name)).value_or(0);
}

// Written in seconds.
std::optional<Duration> duration_of(const JsonValue& object, std::string_view name) {
  constexpr double longest = 9e9;  // seconds: as many nanoseconds are a Duration
  const auto seconds = real(object.find(name));
  if (!seconds) return std::nullopt;
  return Duration(std::llround(std::clamp(*seconds, 0.0, longest) * 1e9));
}

// The sum of one family, whatever its labels.
std::optional<double> sum_of(std::span<const MetricSample> samples, std::string_view name) {
  std::optional<double> sum;
  for (const MetricSample& sample : samples) {
    if (sample.name == name && std::isfinite(sample.value)) sum = sum.value_or(0) + sample.value;
  }
  return sum;
}

// `name` is that of the buckets. Those of several histograms, by their other labels, are added up.
Histogram histogram_of(std::span<const MetricSample> samples, std::string_view name) {
  std::map<double, double> counts;
  for (const MetricSample& sample : samples) {
    const std::string* const le = sample.name == name ? sample.label("le") : nullptr;
    const auto bound = le == nullptr ? std::unexpected(std::string()) : read_metric_value(*le);
    if (bound && !std::isnan(*bound) && std::isfinite(sample.value)) counts[*bound] += sample.value;
  }
  Histogram histogram;
  for (const auto& [bound, count] : counts) histogram.push_back({bound, count});
  return histogram;
}

// A limit as it is written: 20000,defer or 256MiB.
Count limit_of(std::string_view value) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  value = value.substr(0, value.find(','));
  if (const auto count = read_count(value, most)) return *count;
  if (const auto size = read_size(value, most)) return *size;
  return std::nullopt;
}

}  // namespace

std::span<const std::string_view> end_causes() noexcept { return causes; }

Parsed<void> read_stats(std::string_view json, TopSample& into) {
  const auto stats = read_answer(json, JsonValue::Kind::object, "stats");
  if (!stats) return std::unexpected(stats.error());
  into.version = text_of(*stats, "version");
  into.log_level = text_of(*stats, "log-level");
  into.is_draining = text_of(*stats, "draining") == "yes";
  into.uptime = duration_of(*stats, "uptime");
  into.pid = whole(stats->find("pid"));
  into.open = whole(stats->find("open"));
  into.waiting = whole(stats->find("waiting"));
  into.accepted = whole(stats->find("accepted"));
  into.resident = whole(stats->find("resident"));
  into.buffers = whole(stats->find("buffers"));
  into.descriptors_limit = whole(stats->find("descriptors-limit"));
  into.ended_lines = whole(stats->find("lines"));
  into.ended_in = whole(stats->find("in"));
  into.ended_out = whole(stats->find("out"));
  into.ended.clear();
  for (const std::string_view cause : causes) {
    if (const Count count = whole(stats->find(cause))) into.ended.push_back({std::string(cause), *count});
  }
  return {};
}

Parsed<void> read_limits(std::string_view json, TopSample& into) {
  const auto limits = read_answer(json, JsonValue::Kind::array, "limits");
  if (!limits) return std::unexpected(limits.error());
  for (const JsonValue& row : limits->elements) {
    const std::string name = text_of(row, "limit");
    if (name == "max-connections") into.connections_limit = limit_of(text_of(row, "value"));
    if (name == "max-buffers") into.buffers_limit = limit_of(text_of(row, "value"));
  }
  return {};
}

Parsed<void> read_daemon_metrics(std::string_view text, TopSample& into) {
  const auto samples = read_metrics(text);
  if (!samples) return wrong("metrics", samples.error());
  into.lines = sum_of(*samples, "reactord_lines_total");
  into.in = sum_of(*samples, "reactord_received_bytes_total");
  into.out = sum_of(*samples, "reactord_sent_bytes_total");
  into.stalls = sum_of(*samples, "reactord_stalls_total");
  into.descriptors = sum_of(*samples, "reactord_descriptors_open");
  into.turns = histogram_of(*samples, "reactord_turn_seconds_bucket");
  into.handlers = histogram_of(*samples, "reactord_handler_seconds_bucket");
  return {};
}

Parsed<void> read_programs(std::string_view json, TopSample& into) {
  const auto programs = read_answer(json, JsonValue::Kind::array, "programs");
  if (!programs) return std::unexpected(programs.error());
  into.programs.clear();
  for (const JsonValue& row : programs->elements) {
    into.programs.push_back({.name = text_of(row, "program"),
                             .mode = text_of(row, "mode"),
                             .state = text_of(row, "state"),
                             .workers = count_of(row, "workers"),
                             .running = count_of(row, "running"),
                             .connections = count_of(row, "connections"),
                             .open_lines = count_of(row, "open-lines"),
                             .starts = count_of(row, "starts"),
                             .ends = count_of(row, "ends")});
  }
  return {};
}

Parsed<void> read_connections(std::string_view json, TopSample& into) {
  const auto connections = read_answer(json, JsonValue::Kind::array, "connections");
  if (!connections) return std::unexpected(connections.error());
  into.connections.clear();
  for (const JsonValue& row : connections->elements) {
    const Count id = whole(row.find("id"));
    if (!id) return wrong("connections", "a connection without id");
    into.connections.push_back({.id = *id,
                                .protocol = text_of(row, "protocol"),
                                .peer = text_of(row, "peer"),
                                .state = text_of(row, "state"),
                                .age = duration_of(row, "age").value_or(0s),
                                .silent = duration_of(row, "silent").value_or(0s),
                                .lines = count_of(row, "lines"),
                                .in = count_of(row, "in"),
                                .out = count_of(row, "out"),
                                .buffered = count_of(row, "buffered"),
                                .unsent = count_of(row, "unsent")});
  }
  return {};
}

}  // namespace reactord::control
