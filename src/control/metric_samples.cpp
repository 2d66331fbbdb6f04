#include "control/metric_samples.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "reactord/line_splitter.hpp"

namespace reactord::control {
namespace {

using Read = std::expected<void, std::string>;

constexpr bool begins_name(char byte) noexcept {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == ':';
}
constexpr bool is_in_name(char byte) noexcept { return begins_name(byte) || (byte >= '0' && byte <= '9'); }

void skip_space(std::string_view& rest) noexcept {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

Read take_name(std::string_view& rest, std::string& name) {
  if (rest.empty() || !begins_name(rest.front())) return std::unexpected("a name is expected");
  const auto* const end = std::ranges::find_if_not(rest, is_in_name);
  name.assign(rest.begin(), end);
  rest.remove_prefix(name.size());
  return {};
}

// Behind the first quote, and the second with it.
Read take_label_value(std::string_view& rest, std::string& value) {
  while (!rest.empty() && rest.front() != '"') {
    const bool is_escape = rest.front() == '\\';
    if (is_escape) rest.remove_prefix(1);
    if (rest.empty()) break;
    const char byte = rest.front();
    if (is_escape && byte != 'n' && byte != '\\' && byte != '"')
      return std::unexpected("an escape is expected");
    value += is_escape && byte == 'n' ? '\n' : byte;
    rest.remove_prefix(1);
  }
  if (rest.empty()) return std::unexpected("the quote behind a label is missing");
  rest.remove_prefix(1);
  return {};
}

// Behind {, and } with it. A comma may stand behind the last one.
Read take_labels(std::string_view& rest, std::vector<MetricSample::Label>& labels) {
  while (true) {
    skip_space(rest);
    if (rest.starts_with('}')) break;
    MetricSample::Label& label = labels.emplace_back();
    if (auto named = take_name(rest, label.name); !named) return named;
    skip_space(rest);
    if (!rest.starts_with('=')) return std::unexpected("= is expected behind the name of a label");
    rest.remove_prefix(1);
    skip_space(rest);
    if (!rest.starts_with('"')) return std::unexpected("a label in quotes is expected");
    rest.remove_prefix(1);
    if (auto valued = take_label_value(rest, label.value); !valued) return valued;
    skip_space(rest);
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
    } else if (!rest.starts_with('}')) {
      return std::unexpected("a comma or } is expected behind a label");
    }
  }
  rest.remove_prefix(1);
  return {};
}

std::string_view take_word(std::string_view& rest) noexcept {
  skip_space(rest);
  const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  return word;
}

std::expected<MetricSample, std::string> read_sample(std::string_view rest) {
  MetricSample sample;
  if (auto named = take_name(rest, sample.name); !named) return std::unexpected(std::move(named).error());
  skip_space(rest);
  if (rest.starts_with('{')) {
    rest.remove_prefix(1);
    if (auto labelled = take_labels(rest, sample.labels); !labelled)
      return std::unexpected(std::move(labelled).error());
  }
  const auto value = read_metric_value(take_word(rest));
  if (!value) return std::unexpected(value.error());
  sample.value = *value;
  std::int64_t time = 0;
  const std::string_view word = take_word(rest);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), time);
  const bool is_time = word.empty() || (error == std::errc() && end == word.data() + word.size());
  if (!is_time || !trim_space(rest).empty())
    return std::unexpected("a time in milliseconds is expected, or nothing");
  return sample;
}

}  // namespace

const std::string* MetricSample::label(std::string_view of) const noexcept {
  const auto found = std::ranges::find(labels, of, &Label::name);
  return found == labels.end() ? nullptr : &found->value;
}

std::expected<double, std::string> read_metric_value(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "+Inf" || text == "Inf") return infinity;
  if (text == "-Inf") return -infinity;
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const bool is_digits = !text.empty() && text.find_first_not_of("0123456789.eE+-") == text.npos;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!is_digits || error != std::errc() || end != text.data() + text.size())
    return std::unexpected("a number is expected");
  return value;
}

std::expected<std::vector<MetricSample>, std::string> read_metrics(std::string_view text) {
  std::vector<MetricSample> samples;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim_space(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const auto at_line = [&](const std::string& what) {
      return "line " + std::to_string(number) + ": " + what;
    };
    if (samples.size() == most_metric_samples) return std::unexpected(at_line("too many samples"));
    auto sample = read_sample(line);
    if (!sample) return std::unexpected(at_line(sample.error()));
    samples.push_back(std::move(*sample));
  }
  return samples;
}

}  // namespace reactord::control
