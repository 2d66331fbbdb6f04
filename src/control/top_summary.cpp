#include "control/top_summary.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>

#include "base/quantity.hpp"
#include "control/figure_text.hpp"

namespace reactord::control {
namespace {

constexpr std::size_t label_columns = 13;
constexpr std::size_t wide = 60;  // columns: labels have one of their own from there on
constexpr double nearly_all = 0.9;

struct Group {
  std::string label;
  std::vector<std::string> items;
  bool is_alarm = false;
};

std::string told(const Count& count) { return count ? count_text(*count) : "-"; }
std::string told_bytes(const Count& count) { return count ? bytes_text(static_cast<double>(*count)) : "-"; }
std::string per_second(const Rate& rate) { return rate ? rate_text(*rate) + "/s" : "-"; }
std::string bytes_per_second(const Rate& rate) { return rate ? bytes_text(*rate) + "/s" : "-"; }
std::string told(const std::optional<Quantile>& quantile) {
  if (!quantile) return "-";
  return (quantile->is_beyond ? ">" : "") + time_text(quantile->value);
}

// " of LIMIT", where there is one.
std::string of_limit(const Count& limit, std::string (*text)(const Count&)) {
  return limit && *limit > 0 ? " of " + text(limit) : "";
}

bool is_nearly(double used, const Count& limit) {
  return limit && *limit > 0 && used >= nearly_all * static_cast<double>(*limit);
}
bool is_nearly(const Count& used, const Count& limit) {
  return used && is_nearly(static_cast<double>(*used), limit);
}

Group connections(const TopSample& sample, const TopRates& rates) {
  return {"connections",
          {"open " + told(sample.open) + of_limit(sample.connections_limit, told),
           "waiting " + told(sample.waiting), "accepted " + per_second(rates.accepted),
           "ended " + per_second(rates.ended)},
          is_nearly(sample.open, sample.connections_limit) || sample.waiting.value_or(0) > 0};
}

Group ends(const TopRates& rates) {
  Group group{"ended", {}};
  for (const TopRates::Cause& cause : rates.causes) {
    group.items.push_back(plain_text(cause.name) + ' ' + per_second(cause.per_second));
  }
  return group;
}

Group traffic(const TopRates& rates) {
  Group group{"traffic",
              {"lines " + per_second(rates.lines), "in " + bytes_per_second(rates.in),
               "out " + bytes_per_second(rates.out)}};
  if (rates.is_of_ended) group.items.emplace_back("(of connections that ended)");
  return group;
}

std::string both(std::string_view name, const TopRates::Times& times) {
  return std::string(name) + " p50 " + told(times.p50) + " p99 " + told(times.p99);
}

Group times(const TopRates& rates) {
  return {"times",
          {both("turn", rates.turns), both("handler", rates.handlers),
           "stalls " + (rates.stalls ? count_text(static_cast<std::uint64_t>(*rates.stalls)) : "-")},
          rates.stalls.value_or(0) > 0};
}

Group resources(const TopSample& sample) {
  Count descriptors;
  if (sample.descriptors) descriptors = static_cast<std::uint64_t>(*sample.descriptors);
  return {
      "resources",
      {"descriptors " + told(descriptors) + of_limit(sample.descriptors_limit, told),
       "memory " + told_bytes(sample.resident),
       "buffers " + told_bytes(sample.buffers) + of_limit(sample.buffers_limit, told_bytes)},
      is_nearly(descriptors, sample.descriptors_limit) || is_nearly(sample.buffers, sample.buffers_limit)};
}

Group of_program(const TopProgram& program) {
  Group group{plain_text(program.name), {plain_text(program.mode) + ' ' + plain_text(program.state)}};
  const bool has_workers = program.workers > 0;
  if (has_workers) group.items.push_back("workers " + count_text(program.workers));
  group.items.push_back("running " + count_text(program.running));
  group.items.push_back("open lines " + count_text(program.open_lines));
  group.items.push_back((has_workers ? "restarts " : "ended ") + count_text(program.ends));
  group.is_alarm = program.running < program.workers;
  return group;
}

ScreenLine title(const TopView& view, std::size_t columns) {
  const TopSample& sample = *view.sample();
  std::vector<std::string> items{plain_text(sample.version)};
  if (sample.is_draining) items.emplace_back("DRAINING");
  if (view.is_paused()) items.emplace_back("PAUSED");
  if (sample.uptime) items.push_back("up " + age_text(*sample.uptime));
  if (sample.pid) items.push_back("pid " + std::to_string(*sample.pid));
  items.push_back("log " + plain_text(sample.log_level));
  items.push_back("every " + duration_text(view.interval()));
  if (view.rates().is_since_start) items.emplace_back("rates since the start");
  return {flow("", items, columns).front(), sample.is_draining ? LineStyle::alarm : LineStyle::title};
}

std::vector<Group> groups_of(const TopSample& sample, const TopRates& rates) {
  std::vector<Group> groups{connections(sample, rates), traffic(rates), times(rates), resources(sample)};
  Group causes = ends(rates);
  if (!causes.items.empty()) groups.insert(groups.begin() + 1, std::move(causes));
  for (const TopProgram& program : sample.programs) groups.push_back(of_program(program));
  return groups;
}

std::string shown_label(const std::string& label, std::size_t columns) {
  if (columns < wide) return cut(label, label_columns) + ' ';
  std::string padded = cut(label, label_columns - 1);
  padded.resize(label_columns, ' ');
  return padded;
}

// All lines of each group, or the first one of each.
ScreenLines lines_of(const std::vector<Group>& groups, std::size_t columns, bool all) {
  ScreenLines lines;
  for (const Group& group : groups) {
    std::vector<std::string> texts = flow(shown_label(group.label, columns), group.items, columns);
    if (!all) texts.resize(1);
    for (std::string& text : texts) {
      lines.push_back({std::move(text), group.is_alarm ? LineStyle::alarm : LineStyle::plain});
    }
  }
  return lines;
}

}  // namespace

ScreenLines top_summary(const TopView& view, ScreenSize room) {
  assert(view.sample());
  const std::vector<Group> groups = groups_of(*view.sample(), view.rates());
  ScreenLines lines = lines_of(groups, room.columns, true);
  if (lines.size() + 1 > room.rows) lines = lines_of(groups, room.columns, false);
  lines.insert(lines.begin(), title(view, room.columns));
  lines.resize(std::min(lines.size(), room.rows));
  return lines;
}

}  // namespace reactord::control
