#include "load/report/compare.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <vector>

#include "load/result/json.hpp"
#include "load/result/text.hpp"
#include "load/result/units.hpp"

namespace reactord::load {

namespace {

using Number = std::optional<double>;  // nothing: not measured

struct Row {
  std::string name;
  Number a, b;
  std::string (*write)(double);
};

std::string per_second_text(double rate) { return fixed_text(rate, 2); }
std::string whole_text(double number) { return fixed_text(number, 0); }

Number per_second(const LoadResult& result, std::uint64_t count) {
  if (result.duration <= 0ns) return std::nullopt;
  return static_cast<double>(count) * 1e9 / static_cast<double>(result.duration.count());
}

std::uint64_t errors_of(const LoadResult& result) {
  std::uint64_t errors = 0;
  for (const auto& [cause, error] : result.errors) errors += error.count;
  return errors;
}

void add_latency_rows(std::vector<Row>& rows, const std::string& prefix, const Histogram& a,
                      const Histogram& b) {
  struct Quantile {
    const char* name;
    double quantile;
  };
  constexpr Quantile quantiles[] = {{"p50", 0.5},  {"p75", 0.75},    {"p90", 0.9},
                                    {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
  const auto of = [](const Histogram& histogram, double value) {
    return histogram.count() == 0 ? Number() : value;
  };
  rows.push_back({prefix + "mean", of(a, a.mean()), of(b, b.mean()), measured_time_text});
  for (const Quantile& row : quantiles) {
    rows.push_back({prefix + row.name, of(a, static_cast<double>(a.at(row.quantile))),
                    of(b, static_cast<double>(b.at(row.quantile))), measured_time_text});
  }
}

std::vector<Row> rows_of(const LoadResult& a, const LoadResult& b) {
  const auto counts = [&](const char* name, std::uint64_t of_a, std::uint64_t of_b) {
    return Row{name, static_cast<double>(of_a), static_cast<double>(of_b), whole_text};
  };
  std::vector<Row> rows;
  rows.push_back({"requests/sec", per_second(a, a.requests), per_second(b, b.requests), per_second_text});
  rows.push_back({"transfer/sec", per_second(a, a.bytes_read), per_second(b, b.bytes_read), bytes_text});
  add_latency_rows(rows, "", a.response, b.response);
  if (a.open_loop || b.open_loop) add_latency_rows(rows, "service ", a.service, b.service);
  const auto quantile = [](const Histogram& histogram) {
    return histogram.count() == 0 ? Number() : static_cast<double>(histogram.at(0.99));
  };
  rows.push_back({"connect p99", quantile(a.connect), quantile(b.connect), measured_time_text});
  rows.push_back({"first byte p99", quantile(a.first_byte), quantile(b.first_byte), measured_time_text});
  rows.push_back(counts("requests", a.requests, b.requests));
  rows.push_back(counts("errors", errors_of(a), errors_of(b)));
  rows.push_back(counts("unanswered", a.unanswered, b.unanswered));
  rows.push_back(counts("in flight at end", a.in_flight_at_end, b.in_flight_at_end));
  rows.push_back(counts("connections", a.connections_opened, b.connections_opened));
  const auto of_open = [&](const char* name, std::uint64_t LoadResult::*count) {
    const auto value = [count](const LoadResult& result) {
      return result.open_loop ? Number(static_cast<double>(result.*count)) : Number();
    };
    if (a.open_loop || b.open_loop) rows.push_back({name, value(a), value(b), whole_text});
  };
  of_open("late sends", &LoadResult::late_sends);
  of_open("by the generator", &LoadResult::late_by_generator);
  const auto over_time = [](const LoadResult& result, double value) {
    return result.duration > 0ns ? Number(value) : Number();
  };
  rows.push_back({"generator's core", over_time(a, a.cpu_share), over_time(b, b.cpu_share), percent_text});
  rows.push_back({"longest turn", over_time(a, static_cast<double>(a.longest_turn.count())),
                  over_time(b, static_cast<double>(b.longest_turn.count())), measured_time_text});
  return rows;
}

Number ratio_of(const Row& row) {
  if (!row.a || !row.b || *row.a == 0) return std::nullopt;
  return *row.b / *row.a;
}

std::string ratio_text(const Row& row) {
  const Number ratio = ratio_of(row);
  if (!ratio) return "-";
  if (*ratio >= 1e6) return ">1e6";
  return fixed_text(*ratio, *ratio < 10 ? 3 : 1);
}

// The unit of the raw values, before they are written for people.
const char* unit_of(const Row& row) {
  if (row.write == static_cast<decltype(row.write)>(measured_time_text)) return "ns";
  if (row.write == bytes_text) return "bytes/s";
  if (row.write == per_second_text) return "1/s";
  return row.write == percent_text ? "share" : "";
}

// Cuts a long name at its front: the ends of paths differ.
std::string heading(std::string_view raw, std::size_t width) {
  const std::string name = printable(raw);
  if (name.size() <= width) return right_aligned(name, width);
  return "..." + name.substr(name.size() - width + 3);
}

using Warnings = std::vector<std::string>;
using ByName = std::unordered_map<std::string_view, const std::string*>;

ByName by_name(const NamedValues& pairs) {
  ByName values;
  for (const auto& [name, value] : pairs) values.try_emplace(name, &value);
  return values;
}

// Warns of each name that only one of the two has, or that has different values.
void add_differences(Warnings& warnings, std::string_view what, const NamedValues& a, const NamedValues& b) {
  const auto warn = [&](const std::string& name, const std::string* in_a, const std::string* in_b) {
    warnings.push_back(std::string(what) + " differs: " + name + " " + (in_a ? *in_a : "(none)") + " / " +
                       (in_b ? *in_b : "(none)"));
  };
  const ByName of_a = by_name(a), of_b = by_name(b);
  for (const auto& [name, value] : a) {
    const auto other = of_b.find(name);
    if (other == of_b.end() || *other->second != value)
      warn(name, &value, other == of_b.end() ? nullptr : other->second);
  }
  for (const auto& [name, value] : b) {
    if (!of_a.contains(name)) warn(name, nullptr, &value);
  }
}

// The bottleneck stands first, as in a report: the numbers then say more of the generator than of the server.
void add_bottleneck(std::string& text, const NamedResult& named) {
  if (!named.result.is_bottleneck) return;
  text += "BOTTLENECK: in " + printable(named.name) + ": " + printable(named.result.bottleneck_reason) + "\n";
}

void add_doubts(Warnings& warnings, const NamedResult& named) {
  const std::string name(named.name);
  const LoadResult& result = named.result;
  if (result.interrupted) warnings.push_back(name + " was interrupted");
  if (result.connections_opened < result.connections_wanted) {
    warnings.push_back(name + " opened " + std::to_string(result.connections_opened) + " of " +
                       std::to_string(result.connections_wanted) + " connections");
  }
}

Warnings warnings_of(const NamedResult& a, const NamedResult& b) {
  Warnings warnings;
  if (a.result.open_loop != b.result.open_loop) {
    warnings.push_back("one is an open loop, the other a closed one: their latencies are different things");
  }
  add_differences(warnings, "configuration", a.result.configuration, b.result.configuration);
  add_differences(warnings, "environment", a.result.environment, b.result.environment);
  add_doubts(warnings, a);
  add_doubts(warnings, b);
  return warnings;
}

}  // namespace

std::string compare_text(const NamedResult& a, const NamedResult& b) {
  constexpr std::size_t name_width = 18, value_width = 20, ratio_width = 10;
  std::string text;
  add_bottleneck(text, a);
  add_bottleneck(text, b);
  text += std::string(name_width, ' ') + "  " + heading(a.name, value_width) + "  " +
          heading(b.name, value_width) + right_aligned("b/a", ratio_width) + "\n";
  for (const Row& row : rows_of(a.result, b.result)) {
    text += left_aligned(row.name, name_width) + "  " +
            right_aligned(row.a ? row.write(*row.a) : "-", value_width) + "  " +
            right_aligned(row.b ? row.write(*row.b) : "-", value_width) +
            right_aligned(ratio_text(row), ratio_width) + "\n";
  }
  for (const std::string& warning : warnings_of(a, b)) text += "warning: " + printable(warning) + "\n";
  return text;
}

std::string compare_json(const NamedResult& a, const NamedResult& b) {
  JsonWriter json;
  const auto add = [&json](const char* name, const Number& value) {
    json.key(name);
    value ? json.number(*value) : json.null();
  };
  json.open('{');
  json.key("schema").number(std::uint64_t{1});
  json.key("program").string("reactord-load");
  json.key("compared").open('[', true).string(a.name).string(b.name).close(']');
  json.key("rows").open('[');
  for (const Row& row : rows_of(a.result, b.result)) {
    json.open('{', true);
    json.key("name").string(row.name);
    json.key("unit").string(unit_of(row));
    add("a", row.a);
    add("b", row.b);
    add("ratio", ratio_of(row));
    json.close('}');
  }
  json.close(']');
  json.key("warnings").open('[');
  for (const NamedResult* named : {&a, &b}) {
    if (named->result.is_bottleneck)
      json.string("in " + std::string(named->name) +
                  " the generator was the bottleneck: " + named->result.bottleneck_reason);
  }
  for (const std::string& warning : warnings_of(a, b)) json.string(warning);
  json.close(']');
  json.close('}');
  return json.text();
}

}  // namespace reactord::load
