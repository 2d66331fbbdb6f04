#include "load/report/report_text.hpp"

#include <cmath>
#include <string_view>

#include "base/quantity.hpp"
#include "load/report/latency_chart.hpp"
#include "load/result/text.hpp"
#include "load/result/units.hpp"

namespace reactord::load {

namespace {

constexpr std::size_t line_width = 79;

double seconds_of(const LoadResult& result) { return static_cast<double>(result.duration.count()) / 1e9; }

double per_second(const LoadResult& result, std::uint64_t count) {
  return result.duration > 0ns ? static_cast<double>(count) / seconds_of(result) : 0;
}

std::string quantile_column(const Histogram& histogram, double quantile, std::size_t width) {
  return right_aligned(histogram.count() == 0 ? "-" : measured_time_text(histogram.at(quantile)), width);
}

void add_head(std::string& text, const LoadResult& result) {
  std::string duration = duration_text(result.duration), target, line = "  ", rest;
  for (const auto& [name, value] : result.configuration) {
    if (name == "duration") {
      duration = value;
    } else if (name == "target") {
      target = value;
    } else {
      const std::string entry = printable(name + " " + value);
      if (line.size() > 2 && line.size() + 2 + entry.size() > line_width) {
        rest += line + ",\n";
        line = "  ";
      }
      line += (line.size() > 2 ? ", " : "") + entry;
    }
  }
  if (line.size() > 2) rest += line + "\n";
  text += "Running " + duration + " test" + (target.empty() ? "" : " @ " + printable(target)) + "\n" + rest;
}

// Adds average, deviation, maximum and the share of all values within one deviation of the average.
void add_statistics_row(std::string& text, std::string_view name, const Histogram& values,
                        std::string (*write)(double)) {
  if (values.count() == 0) {
    text += "    " + left_aligned(name, 10) + right_aligned("-", 10) + right_aligned("-", 10) +
            right_aligned("-", 10) + right_aligned("-", 12) + "\n";
    return;
  }
  const double mean = values.mean(), deviation = values.standard_deviation();
  std::uint64_t within = 0;
  values.for_each([&](std::uint64_t low, std::uint64_t high, std::uint64_t count) {
    const double middle = static_cast<double>(low) / 2 + static_cast<double>(high) / 2;
    if (std::abs(middle - mean) <= deviation + static_cast<double>(high - low)) within += count;
  });
  const double share = static_cast<double>(within) / static_cast<double>(values.count());
  text += "    " + left_aligned(name, 10) + right_aligned(write(mean), 10) +
          right_aligned(write(deviation), 10) + right_aligned(write(static_cast<double>(values.max())), 10) +
          right_aligned(percent_text(share), 12) + "\n";
}

void add_statistics(std::string& text, const LoadResult& result) {
  Histogram rates;
  for (std::size_t index = 0; index < result.measurable_seconds(); ++index) {
    const double length = static_cast<double>(result.length_of(index).count()) / 1e9;
    rates.record(static_cast<std::uint64_t>(
        std::llround(static_cast<double>(result.seconds[index].requests) / length)));
  }
  text += "  Statistics         Avg     Stdev       Max   +/- Stdev\n";
  add_statistics_row(text, "Latency", result.response, measured_time_text);
  if (result.open_loop) add_statistics_row(text, "Service", result.service, measured_time_text);
  if (!result.seconds.empty()) add_statistics_row(text, "Req/Sec", rates, short_count_text);
}

void add_distribution(std::string& text, const LoadResult& result) {
  struct Row {
    const char* name;
    double quantile;
  };
  constexpr Row rows[] = {{"50%", 0.5}, {"75%", 0.75}, {"90%", 0.9}, {"99%", 0.99}, {"99.9%", 0.999}};
  text += "  Latency Distribution\n";
  if (result.open_loop) text += "             response     service\n";
  for (const Row& row : rows) {
    text += right_aligned(row.name, 9) + quantile_column(result.response, row.quantile, 12);
    if (result.open_loop) text += quantile_column(result.service, row.quantile, 12);
    text += "\n";
  }
  if (result.unanswered == 0) return;
  const double share = static_cast<double>(result.unanswered) / static_cast<double>(result.response.count());
  text += "    of which " + std::to_string(result.unanswered) + " (" + percent_text(share) +
          ") had no answer: counted with their timeout at least\n";
}

void add_chart(std::string& text, const LoadResult& result) {
  if (result.response.count() == 0) return;
  text +=
      result.open_loop ? "  Response times up to, and their share\n" : "  Latencies up to, and their share\n";
  text += latency_chart(result.response);
}

void add_requests(std::string& text, const LoadResult& result) {
  text += "  " + std::to_string(result.requests) + " requests in " + fixed_text(seconds_of(result), 2) +
          "s, " + bytes_text(static_cast<double>(result.bytes_read)) + " read\n";
  const auto add_outside = [&text](const char* when, std::uint64_t sent, std::uint64_t answered) {
    if (sent == 0 && answered == 0) return;
    text += std::string("; ") + when + " " + std::to_string(sent) + " and " + std::to_string(answered);
  };
  text += "  In all: " + std::to_string(result.total_sent()) + " sent, " +
          std::to_string(result.total_answered()) + " answered";
  add_outside("in the warm-up", result.warmup_sent, result.warmup_answered);
  add_outside("after the end", result.sent_after, result.answered_after);
  text += "\n";
  if (result.interrupted) text += "  interrupted: this is what was done until then\n";
  if (result.in_flight_at_end > 0) {
    text += "  In flight at end: " + std::to_string(result.in_flight_at_end) + " sent and not answered\n";
  }
}

void add_connections(std::string& text, const LoadResult& result) {
  text += "  Connections: " + std::to_string(result.connections_opened) + " opened, " +
          std::to_string(result.connections_wanted) + " wanted\n";
  struct Row {
    const char* name;
    const Histogram& times;
  };
  for (const Row& row : {Row{"Connect", result.connect}, Row{"First byte", result.first_byte}}) {
    if (row.times.count() == 0) continue;
    text += "    " + left_aligned(row.name, 10) + "  50%" + quantile_column(row.times, 0.5, 10) + "  99%" +
            quantile_column(row.times, 0.99, 10) + "  max" + quantile_column(row.times, 1, 10) + "\n";
  }
}

// Adds wrk's four counters, by the first word of each cause, if any of them is above zero.
void add_socket_errors(std::string& text, const LoadResult& result) {
  constexpr std::string_view phases[] = {"connect", "read", "write", "timeout"};
  std::string line;
  bool any = false;
  for (const std::string_view phase : phases) {
    std::uint64_t count = 0;
    for (const auto& [cause, error] : result.errors) {
      const bool timed_out = cause.contains("timeout") || cause.contains("ETIMEDOUT");
      const bool belongs = phase == "timeout" ? timed_out : !timed_out && cause.starts_with(phase);
      if (belongs) count += error.count;
    }
    any = any || count > 0;
    line += std::string(line.empty() ? "" : ", ") + std::string(phase) + " " + std::to_string(count);
  }
  if (any) text += "  Socket errors: " + line + "\n";
}

void add_errors(std::string& text, const LoadResult& result) {
  add_socket_errors(text, result);
  std::uint64_t total = 0;
  std::string rows;
  for (const auto& [cause, error] : result.errors) {
    if (error.count == 0) continue;
    total += error.count;
    rows +=
        "    " + left_aligned(printable(cause), 24) + right_aligned(std::to_string(error.count), 10) + "\n";
    if (!error.first_example.empty()) rows += "      first: " + printable(error.first_example) + "\n";
  }
  if (total > 0) text += "  Errors: " + std::to_string(total) + "\n" + rows;
}

void add_lateness(std::string& text, const LoadResult& result) {
  if (!result.open_loop) return;
  const double share =
      result.sent == 0 ? 0 : static_cast<double>(result.late_sends) / static_cast<double>(result.sent);
  text += "  Late sends: " + std::to_string(result.late_sends) + " of " + std::to_string(result.sent) + " (" +
          percent_text(share) + ") more than " + duration_text(result.late_after) + " late, the latest " +
          measured_time_text(result.lateness.max());
  if (result.late_by_generator > 0)
    text += ", " + std::to_string(result.late_by_generator) + " by the generator itself";
  text += "\n";
  if (result.unsent_by_generator == 0) return;
  text += "  Never sent: " + std::to_string(result.unsent_by_generator) +
          " that came due while the generator itself was late\n";
}

void add_generator(std::string& text, const LoadResult& result) {
  if (result.duration > 0ns)
    text += "  Generator: " + fixed_text(result.cpu_share * 100, 0) + "% of a core, longest turn " +
            measured_time_text(static_cast<double>(result.longest_turn.count())) + "\n";
  if (!result.open_loop) {
    text +=
        "  Closed loop: the latency is service time under the generator's own back-off,\n"
        "  since a connection sends only when its last request is answered.\n";
  }
}

}  // namespace

std::string report_text(const LoadResult& result, bool with_chart) {
  std::string text;
  if (result.is_bottleneck) text += "BOTTLENECK: " + printable(result.bottleneck_reason) + "\n";
  add_head(text, result);
  add_statistics(text, result);
  add_distribution(text, result);
  if (with_chart) add_chart(text, result);
  add_connections(text, result);
  add_requests(text, result);
  add_lateness(text, result);
  add_errors(text, result);
  add_generator(text, result);
  const bool is_measured = result.duration > 0ns;
  const double requests = per_second(result, result.requests), bytes = per_second(result, result.bytes_read);
  text += "Requests/sec: " + right_aligned(is_measured ? fixed_text(requests, 2) : "-", 9) + "\n";
  text += "Transfer/sec: " + right_aligned(is_measured ? bytes_text(bytes) : "-", 10) + "\n";
  return text;
}

}  // namespace reactord::load
