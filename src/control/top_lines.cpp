#include "control/top_lines.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "control/figure_text.hpp"
#include "control/json_value.hpp"

namespace reactord::control {
namespace {

std::string told(const Count& count) { return count ? count_text(*count) : "-"; }
std::string told(const Rate& rate) { return rate ? rate_text(*rate) : "-"; }
std::string told_bytes(const std::optional<double>& bytes) { return bytes ? bytes_text(*bytes) : "-"; }
std::string told(const std::optional<Quantile>& quantile) {
  if (!quantile) return "-";
  return (quantile->is_beyond ? ">" : "") + time_text(quantile->value);
}
std::optional<double> as_number(const Count& count) {
  return count ? std::optional(static_cast<double>(*count)) : std::nullopt;
}

struct Column {
  std::string_view name;
  std::size_t width;
  std::string (*cell)(const TopSample& sample, const TopRates& rates);
};
using Sample = const TopSample&;
using Rates = const TopRates&;

constexpr std::array<Column, 15> columns{{
    {"open", 6, [](Sample sample, Rates) { return told(sample.open); }},
    {"wait", 5, [](Sample sample, Rates) { return told(sample.waiting); }},
    {"accept/s", 8, [](Sample, Rates rates) { return told(rates.accepted); }},
    {"end/s", 6, [](Sample, Rates rates) { return told(rates.ended); }},
    {"lines/s", 7, [](Sample, Rates rates) { return told(rates.lines); }},
    {"in/s", 7, [](Sample, Rates rates) { return told_bytes(rates.in); }},
    {"out/s", 7, [](Sample, Rates rates) { return told_bytes(rates.out); }},
    {"turn-p50", 8, [](Sample, Rates rates) { return told(rates.turns.p50); }},
    {"turn-p99", 8, [](Sample, Rates rates) { return told(rates.turns.p99); }},
    {"call-p50", 8, [](Sample, Rates rates) { return told(rates.handlers.p50); }},
    {"call-p99", 8, [](Sample, Rates rates) { return told(rates.handlers.p99); }},
    {"stalls", 6, [](Sample, Rates rates) { return told(rates.stalls); }},
    {"fds", 6, [](Sample sample, Rates) { return told(sample.descriptors); }},
    {"memory", 7, [](Sample sample, Rates) { return told_bytes(as_number(sample.resident)); }},
    {"buffers", 7, [](Sample sample, Rates) { return told_bytes(as_number(sample.buffers)); }},
}};

template <typename TextOf>
std::string line_of(TextOf text_of) {
  std::string line;
  for (const Column& column : columns) {
    const std::string text = text_of(column);
    if (!line.empty()) line += ' ';
    if (text.size() < column.width) line.append(column.width - text.size(), ' ');
    line += text;
  }
  return line += '\n';
}

// ---- JSON

class Object {
 public:
  template <typename Value>
  Object& add(std::string_view name, const Value& value) {
    text_ += text_.empty() ? "{" : ", ";
    text_ += json_text(name) + ": " + of(value);
    return *this;
  }
  std::string text() const { return (text_.empty() ? "{" : text_) + "}"; }

 private:
  static std::string of(const Object& object) { return object.text(); }
  static std::string of(std::string_view text) { return json_text(text); }
  static std::string of(bool is_true) { return is_true ? "true" : "false"; }
  static std::string of(std::uint64_t count) { return std::to_string(count); }
  static std::string of(const Count& count) { return count ? of(*count) : "null"; }
  static std::string of(double number) {
    std::array<char, 64> text;
    if (!std::isfinite(number)) return "null";
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
    return {text.data(), end};
  }
  static std::string of(const std::optional<double>& number) { return number ? of(*number) : "null"; }
  static std::string of(const std::optional<Quantile>& quantile) {
    return quantile ? of(quantile->value) : "null";
  }
  static std::string of(const std::optional<Duration>& duration) {
    return duration ? of(std::chrono::duration<double>(*duration).count()) : "null";
  }

  std::string text_;
};

Object times_of(const TopRates::Times& times) { return Object().add("p50", times.p50).add("p99", times.p99); }

std::string programs_of(const TopSample& sample) {
  std::string text;
  for (const TopProgram& one : sample.programs) {
    Object program;
    program.add("program", std::string_view(one.name)).add("state", std::string_view(one.state));
    program.add("workers", one.workers).add("running", one.running).add("connections", one.connections);
    program.add("open-lines", one.open_lines).add("starts", one.starts).add("ends", one.ends);
    text += (text.empty() ? "" : ", ") + program.text();
  }
  return '[' + text + ']';
}

}  // namespace

std::string top_heading() {
  return line_of([](const Column& column) { return std::string(column.name); });
}

std::string top_line(const TopSample& sample, const TopRates& rates) {
  return line_of([&](const Column& column) { return column.cell(sample, rates); });
}

std::string top_object(const TopSample& sample, const TopRates& rates,
                       std::chrono::system_clock::time_point time) {
  Object causes;
  for (const TopRates::Cause& cause : rates.causes) causes.add(cause.name, cause.per_second);
  Object object;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  object.add("time", static_cast<double>(milliseconds.count()) / 1000);
  object.add("version", std::string_view(sample.version)).add("pid", sample.pid).add("uptime", sample.uptime);
  object.add("draining", sample.is_draining);
  object.add("interval", std::optional(rates.elapsed)).add("since-start", rates.is_since_start);
  object.add("open", sample.open).add("open-limit", sample.connections_limit).add("waiting", sample.waiting);
  object.add("accepted-rate", rates.accepted).add("ended-rate", rates.ended).add("ended-rates", causes);
  object.add("lines-rate", rates.lines).add("in-rate", rates.in).add("out-rate", rates.out);
  object.add("of-ended-connections", rates.is_of_ended);
  object.add("turn-seconds", times_of(rates.turns)).add("handler-seconds", times_of(rates.handlers));
  object.add("stalls", rates.stalls);
  object.add("descriptors", sample.descriptors).add("descriptors-limit", sample.descriptors_limit);
  object.add("resident", sample.resident);
  object.add("buffers", sample.buffers).add("buffers-limit", sample.buffers_limit);
  std::string text = object.text();
  text.pop_back();
  return text + ", \"programs\": " + programs_of(sample) + "}\n";
}

}  // namespace reactord::control
