#include <charconv>
#include <cmath>
#include <optional>

#include "load/result/result_json.hpp"

namespace reactord::load {

namespace {

using Kind = JsonValue::Kind;

// Reads the members of the report one by one. After an error the first error stays and every member reads as empty.
class ResultReader {
 public:
  std::optional<JsonError> error;

  // Null after an error.
  const JsonValue* member(const JsonValue* object, std::string_view name, Kind kind,
                          std::string_view kind_text) {
    if (error || object == nullptr) return nullptr;
    const JsonValue* value = object->find(name);
    if (value == nullptr) return fail(*object, "\"" + std::string(name) + "\" is missing");
    return checked(*value, name, kind, kind_text);
  }

  const JsonValue* object(const JsonValue* parent, std::string_view name) {
    return member(parent, name, Kind::object, "an object");
  }

  void read(const JsonValue* parent, std::string_view name, std::uint64_t& into) {
    constexpr std::string_view kind_text = "a whole number from 0 to 18446744073709551615";
    if (const JsonValue* value = member(parent, name, Kind::number, kind_text)) {
      if (!parse(value->text, into)) fail(*value, wrong(name, kind_text));
    }
  }
  // Reads a member that may be null, as not measured: `into` then keeps its value.
  template <typename Value>
  void read_measured(const JsonValue* parent, std::string_view name, Value& into) {
    const JsonValue* const value = parent == nullptr ? nullptr : parent->find(name);
    if (value == nullptr || value->kind != Kind::null) read(parent, name, into);
  }
  // Reads a member that older versions did not write.
  template <typename Value>
  void read_newer(const JsonValue* parent, std::string_view name, Value& into) {
    if (parent != nullptr && parent->find(name) != nullptr) read_measured(parent, name, into);
  }
  void read(const JsonValue* parent, std::string_view name, Duration& into) {
    constexpr std::string_view kind_text = "a whole number of nanoseconds from 0 to 9223372036854775807";
    if (const JsonValue* value = member(parent, name, Kind::number, kind_text)) {
      std::int64_t count = 0;
      if (!parse(value->text, count) || count < 0) fail(*value, wrong(name, kind_text));
      into = Duration(count);
    }
  }
  void read(const JsonValue* parent, std::string_view name, double& into) {
    if (const JsonValue* value = member(parent, name, Kind::number, "a number")) {
      if (!parse(value->text, into) || !std::isfinite(into)) fail(*value, wrong(name, "a number"));
    }
  }
  void read(const JsonValue* parent, std::string_view name, bool& into) {
    if (const JsonValue* value = member(parent, name, Kind::boolean, "true or false")) into = value->is_true;
  }
  void read(const JsonValue* parent, std::string_view name, std::string& into) {
    if (const JsonValue* value = member(parent, name, Kind::string, "a string")) into = value->text;
  }
  // Reads a member that is at hand, so that no object of many members is searched.
  void take(const JsonValue& value, std::string_view name, std::string& into) {
    if (const JsonValue* right = checked(value, name, Kind::string, "a string")) into = right->text;
  }
  const JsonValue* take_object(const JsonValue& value, std::string_view name) {
    return checked(value, name, Kind::object, "an object");
  }
  void read(const JsonValue* latency, std::string_view name, Histogram& into) {
    const JsonValue* value = member(object(latency, name), "histogram", Kind::string, "a string");
    if (value == nullptr) return;
    if (auto histogram = Histogram::from_text(value->text)) {
      into = std::move(*histogram);
    } else {
      fail(*value, "the histogram of \"" + std::string(name) + "\" is damaged");
    }
  }

  const JsonValue* fail(const JsonValue& value, std::string what) {
    if (!error) error = JsonError{.what = std::move(what), .at = value.at};
    return nullptr;
  }

 private:
  const JsonValue* checked(const JsonValue& value, std::string_view name, Kind kind,
                           std::string_view kind_text) {
    if (error) return nullptr;
    return value.kind == kind ? &value : fail(value, wrong(name, kind_text));
  }
  static std::string wrong(std::string_view name, std::string_view kind_text) {
    return "\"" + std::string(name) + "\" must be " + std::string(kind_text);
  }
  template <typename Number>
  static bool parse(const std::string& text, Number& into) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, into);
    return parsed.ec == std::errc{} && parsed.ptr == end;
  }
};

void read_pairs(ResultReader& reader, const JsonValue* report, std::string_view name, NamedValues& into) {
  const JsonValue* object = reader.object(report, name);
  if (object == nullptr) return;
  for (const auto& [key, value] : object->members) reader.take(value, key, into.emplace_back(key, "").second);
}

void read_errors(ResultReader& reader, const JsonValue* report, std::map<std::string, LoadError>& into) {
  const JsonValue* object = reader.object(report, "errors");
  if (object == nullptr) return;
  for (const auto& [cause, value] : object->members) {
    const JsonValue* error = reader.take_object(value, cause);
    reader.read(error, "count", into[cause].count);
    reader.read(error, "first_example", into[cause].first_example);
  }
}

void read_seconds(ResultReader& reader, const JsonValue* report, std::vector<LoadSecond>& into) {
  const JsonValue* array = reader.member(report, "seconds", Kind::array, "an array");
  if (array == nullptr) return;
  for (const JsonValue& element : array->elements) {
    if (element.kind != Kind::object) reader.fail(element, "a second must be an object");
    LoadSecond& second = into.emplace_back();
    reader.read(&element, "requests", second.requests);
    reader.read(&element, "errors", second.errors);
    reader.read_measured(&element, "p50_ns", second.p50);
    reader.read_measured(&element, "p99_ns", second.p99);
    reader.read_measured(&element, "max_ns", second.max);
    reader.read(&element, "open_connections", second.open_connections);
  }
}

void read_totals(ResultReader& reader, const JsonValue* report, LoadResult& result) {
  reader.read(report, "open_loop", result.open_loop);
  reader.read(report, "interrupted", result.interrupted);
  reader.read(report, "duration_ns", result.duration);
  reader.read(report, "requests", result.requests);
  reader.read(report, "sent", result.sent);
  reader.read_newer(report, "unanswered", result.unanswered);
  reader.read(report, "in_flight_at_end", result.in_flight_at_end);
  reader.read_newer(report, "warmup_sent", result.warmup_sent);
  reader.read_newer(report, "warmup_answered", result.warmup_answered);
  reader.read_newer(report, "sent_after", result.sent_after);
  reader.read_newer(report, "answered_after", result.answered_after);
  reader.read(report, "bytes_read", result.bytes_read);
  reader.read(report, "bytes_written", result.bytes_written);
  reader.read(report, "connections_opened", result.connections_opened);
  reader.read(report, "connections_wanted", result.connections_wanted);
  reader.read_measured(report, "late_sends", result.late_sends);
  reader.read_newer(report, "late_by_generator", result.late_by_generator);
  reader.read_newer(report, "unsent_by_generator", result.unsent_by_generator);
  reader.read(report, "late_after_ns", result.late_after);
}

void check_schema(ResultReader& reader, const JsonValue& report) {
  if (report.kind != Kind::object) {
    reader.fail(report, "a report is an object");
    return;
  }
  std::uint64_t schema = 0;
  reader.read(&report, "schema", schema);
  if (!reader.error && schema != 1) {
    reader.fail(*report.find("schema"), "schema " + std::to_string(schema) + " is unknown, known is 1");
  }
}

}  // namespace

std::expected<LoadResult, JsonError> read_result_json(std::string_view text) {
  const auto json = read_json(text);
  if (!json) return std::unexpected(json.error());
  const JsonValue* report = &*json;
  ResultReader reader;
  LoadResult result;
  check_schema(reader, *report);
  read_pairs(reader, report, "configuration", result.configuration);
  read_pairs(reader, report, "environment", result.environment);
  read_totals(reader, report, result);
  read_errors(reader, report, result.errors);
  const JsonValue* latency = reader.object(report, "latency");
  reader.read(latency, "response", result.response);
  reader.read(latency, "service", result.service);
  reader.read(latency, "connect", result.connect);
  reader.read(latency, "first_byte", result.first_byte);
  reader.read(latency, "lateness", result.lateness);
  read_seconds(reader, report, result.seconds);
  const JsonValue* generator = reader.object(report, "generator");
  reader.read_measured(generator, "cpu_share", result.cpu_share);
  reader.read_measured(generator, "longest_turn_ns", result.longest_turn);
  reader.read(generator, "is_bottleneck", result.is_bottleneck);
  reader.read(generator, "bottleneck_reason", result.bottleneck_reason);
  if (reader.error) return std::unexpected(*reader.error);
  return result;
}

}  // namespace reactord::load
