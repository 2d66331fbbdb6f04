#include "daemon/metrics_text.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

#include "base/utf8.hpp"

namespace reactord {
namespace {

constexpr std::string_view total = "_total";
constexpr std::array<std::string_view, 3> type_names{"counter", "gauge", "histogram"};

enum class Quotes : std::uint8_t { escaped, as_they_are };

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

// `parts` of `per_unit`, which is a power of ten, as a number with a point: without zeros at its end.
void append_parts(std::string& out, std::int64_t parts, std::uint64_t per_unit) {
  // The magnitude of the least number is no int64_t.
  const auto magnitude =
      parts < 0 ? ~static_cast<std::uint64_t>(parts) + 1 : static_cast<std::uint64_t>(parts);
  if (parts < 0) out += '-';
  append_number(out, magnitude / per_unit);
  std::uint64_t rest = magnitude % per_unit;
  if (rest == 0) return;
  out += '.';
  for (std::uint64_t digit = per_unit / 10; rest > 0; digit /= 10) {
    out += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
}

void append_value(std::string& out, const MetricsText::Value& value) {
  if (const auto* const number = std::get_if<std::uint64_t>(&value)) return append_number(out, *number);
  if (const auto* const duration = std::get_if<Duration>(&value))
    return append_parts(out, duration->count(), 1'000'000'000);
  const auto since_1970 = std::get<std::chrono::system_clock::time_point>(value).time_since_epoch();
  append_parts(out, std::chrono::floor<std::chrono::milliseconds>(since_1970).count(), 1000);
}

void append_escaped(std::string& out, std::string_view text, Quotes quotes) {
  constexpr std::string_view hexadecimal = "0123456789abcdef";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char first = text[0];
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(first);
      (((out += "\\\\x") += hexadecimal[byte / 16]) += hexadecimal[byte % 16]);
    } else if (first == '\n') {
      out += "\\n";
    } else if (first == '\\' || (first == '"' && quotes == Quotes::escaped)) {
      (out += '\\') += first;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

// The shortest text that is read as the same number. OpenMetrics wants 1.0 where others write 1.
std::string bound_text(double bound, MetricsFormat format) {
  char digits[400];  // the largest double has 309 of them
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, bound, std::chars_format::fixed);
  std::string text(digits, end);
  if (format == MetricsFormat::open_metrics && text.find('.') == text.npos) text += ".0";
  return text;
}

}  // namespace

void MetricsText::family(std::string_view name, Type type, std::string_view help) {
  assert((type == Type::counter) == name.ends_with(total) && "a counter alone has a name with _total");
  name_ = name;
  type_ = type;
  const bool is_open = format_ == MetricsFormat::open_metrics;
  if (is_open && type == Type::counter) name.remove_suffix(total.size());
  ((out_ += "# HELP ") += name) += ' ';
  append_escaped(out_, help, is_open ? Quotes::escaped : Quotes::as_they_are);
  ((out_ += "\n# TYPE ") += name) += ' ';
  (out_ += type_names[static_cast<std::size_t>(type)]) += '\n';
}

void MetricsText::begin_sample(std::string_view suffix, std::initializer_list<Label> labels) {
  (out_ += name_) += suffix;
  if (labels.size() > 0) {
    char mark = '{';
    for (const Label& label : labels) {
      (((out_ += mark) += label.name) += "=\"");
      append_escaped(out_, label.value, Quotes::escaped);
      out_ += '"';
      mark = ',';
    }
    out_ += '}';
  }
  out_ += ' ';
}

void MetricsText::sample(std::initializer_list<Label> labels, const Value& value) {
  assert(type_ != Type::histogram && !name_.empty() && "a sample belongs to a family of such samples");
  begin_sample("", labels);
  append_value(out_, value);
  out_ += '\n';
}

void MetricsText::histogram(std::span<const Bucket> buckets, std::uint64_t beyond, Duration sum) {
  assert(type_ == Type::histogram && "a histogram belongs to a family of that type");
  assert(std::ranges::is_sorted(buckets, {}, &Bucket::bound) && "the bounds ascend");
  std::uint64_t count = 0;
  for (const Bucket& bucket : buckets) {
    assert(!std::isnan(bucket.bound) && "a bound is a number");
    count += bucket.count;
    if (!std::isfinite(bucket.bound)) continue;  // those are told by +Inf
    begin_sample("_bucket", {{"le", bound_text(bucket.bound, format_)}});
    append_number(out_, count);
    out_ += '\n';
  }
  count += beyond;
  begin_sample("_bucket", {{"le", "+Inf"}});
  append_number(out_, count);
  out_ += '\n';
  begin_sample("_sum", {});
  append_value(out_, sum);
  out_ += '\n';
  begin_sample("_count", {});
  append_number(out_, count);
  out_ += '\n';
}

void MetricsText::end() {
  if (format_ == MetricsFormat::open_metrics) out_ += "# EOF\n";
}

}  // namespace reactord
