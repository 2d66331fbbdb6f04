#include "load/result/result_json.hpp"

#include <algorithm>
#include <unordered_map>

namespace reactord::load {

namespace {

void write_pairs(JsonWriter& json, std::string_view name, const NamedValues& pairs) {
  NamedValues distinct;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& [key, value] : pairs) {
    const auto [place, is_new] = places.try_emplace(key, distinct.size());
    if (is_new) {
      distinct.emplace_back(key, value);
    } else {
      distinct[place->second].second += ", " + value;
    }
  }
  json.key(name).open('{');
  for (const auto& [key, value] : distinct) json.key(key).string(value);
  json.close('}');
}

// Writes null, not 0, for a value that was not measured.
template <typename Number>
void write_measured(JsonWriter& json, std::string_view name, Number number, bool is_measured) {
  json.key(name);
  if (is_measured) {
    json.number(number);
  } else {
    json.null();
  }
}

void write_histogram(JsonWriter& json, std::string_view name, const Histogram& histogram) {
  struct Row {
    const char* name;
    double quantile;
  };
  constexpr Row rows[] = {{"p50_ns", 0.5},  {"p75_ns", 0.75},    {"p90_ns", 0.9},
                          {"p99_ns", 0.99}, {"p99.9_ns", 0.999}, {"p99.99_ns", 0.9999}};
  json.key(name).open('{');
  const bool is_measured = histogram.count() > 0;
  json.key("count").number(histogram.count());
  write_measured(json, "min_ns", histogram.min(), is_measured);
  write_measured(json, "mean_ns", histogram.mean(), is_measured);
  write_measured(json, "standard_deviation_ns", histogram.standard_deviation(), is_measured);
  for (const Row& row : rows) write_measured(json, row.name, histogram.at(row.quantile), is_measured);
  write_measured(json, "max_ns", histogram.max(), is_measured);
  json.key("histogram").string(histogram.to_text());
  json.close('}');
}

void write_errors(JsonWriter& json, const std::map<std::string, LoadError>& errors) {
  json.key("errors").open('{');
  for (const auto& [cause, error] : errors) {
    json.key(cause).open('{', true);
    json.key("count").number(error.count);
    json.key("first_example").string(error.first_example);
    json.close('}');
  }
  json.close('}');
}

void write_duration(JsonWriter& json, std::string_view name, Duration duration) {
  json.key(name).number(static_cast<std::uint64_t>(std::max(duration, Duration(0)).count()));
}

void write_seconds(JsonWriter& json, const LoadResult& result) {
  json.key("seconds").open('[');
  for (std::size_t index = 0; index < result.seconds.size(); ++index) {
    const LoadSecond& second = result.seconds[index];
    json.open('{', true);
    write_duration(json, "duration_ns", result.length_of(index));
    json.key("requests").number(second.requests);
    json.key("errors").number(second.errors);
    const bool is_measured = second.max > 0;
    write_measured(json, "p50_ns", second.p50, is_measured);
    write_measured(json, "p99_ns", second.p99, is_measured);
    write_measured(json, "max_ns", second.max, is_measured);
    json.key("open_connections").number(second.open_connections);
    json.close('}');
  }
  json.close(']');
}

void write_generator(JsonWriter& json, const LoadResult& result) {
  json.key("generator").open('{');
  const bool is_measured = result.duration > 0ns;
  write_measured(json, "cpu_share", result.cpu_share, is_measured);
  write_measured(json, "longest_turn_ns",
                 static_cast<std::uint64_t>(std::max(result.longest_turn, 0ns).count()), is_measured);
  json.key("is_bottleneck").boolean(result.is_bottleneck);
  json.key("bottleneck_reason").string(result.bottleneck_reason);
  json.close('}');
}

void write_totals(JsonWriter& json, const LoadResult& result) {
  const double seconds = static_cast<double>(result.duration.count()) / 1e9;
  json.key("open_loop").boolean(result.open_loop);
  json.key("interrupted").boolean(result.interrupted);
  write_duration(json, "duration_ns", result.duration);
  json.key("requests").number(result.requests);
  write_measured(json, "requests_per_second", static_cast<double>(result.requests) / seconds, seconds > 0);
  write_measured(json, "bytes_per_second", static_cast<double>(result.bytes_read) / seconds, seconds > 0);
  json.key("sent").number(result.sent);
  json.key("unanswered").number(result.unanswered);
  json.key("in_flight_at_end").number(result.in_flight_at_end);
  json.key("warmup_sent").number(result.warmup_sent);
  json.key("warmup_answered").number(result.warmup_answered);
  json.key("sent_after").number(result.sent_after);
  json.key("answered_after").number(result.answered_after);
  json.key("bytes_read").number(result.bytes_read);
  json.key("bytes_written").number(result.bytes_written);
  json.key("connections_opened").number(result.connections_opened);
  json.key("connections_wanted").number(result.connections_wanted);
  write_measured(json, "late_sends", result.late_sends, result.open_loop);
  write_measured(json, "late_by_generator", result.late_by_generator, result.open_loop);
  write_measured(json, "unsent_by_generator", result.unsent_by_generator, result.open_loop);
  write_duration(json, "late_after_ns", result.late_after);
}

}  // namespace

std::string result_json(const LoadResult& result, bool in_one_line) {
  JsonWriter json;
  json.open('{', in_one_line);
  json.key("schema").number(std::uint64_t{1});
  json.key("program").string("reactord-load");
  write_pairs(json, "configuration", result.configuration);
  write_pairs(json, "environment", result.environment);
  write_totals(json, result);
  write_errors(json, result.errors);
  json.key("latency").open('{');
  write_histogram(json, "response", result.response);
  write_histogram(json, "service", result.service);
  write_histogram(json, "connect", result.connect);
  write_histogram(json, "first_byte", result.first_byte);
  write_histogram(json, "lateness", result.lateness);
  json.close('}');
  write_seconds(json, result);
  write_generator(json, result);
  json.close('}');
  return json.text();
}

}  // namespace reactord::load
