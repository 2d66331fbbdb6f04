#include "load/crew/progress_line.hpp"

#include "load/result/units.hpp"

namespace reactord::load {

namespace {

constexpr std::size_t line_width = 79;

// All digits; or, in a narrow line, at most four columns: "9999", "56k", "1.2M".
std::string count_text(std::uint64_t count, bool is_narrow) {
  if (!is_narrow || count < 10'000) return std::to_string(count);
  constexpr char units[] = "kMGTPE";
  std::size_t unit = 0;
  for (; count >= 1'000'000; count /= 1000) ++unit;
  const std::string tenth = count < 10'000 ? "." + std::to_string(count / 100 % 10) : "";
  return std::to_string(count / 1000) + tenth + units[unit];
}

std::string latency_text(std::uint64_t nanoseconds) {
  constexpr std::uint64_t longest = 99ull * 3600 * 1'000'000'000;
  return nanoseconds > longest ? ">99h" : measured_time_text(nanoseconds);
}

// Whole seconds, rounded up, so that "0s left" is the end.
std::string left_text(Duration left, bool is_narrow) {
  const std::int64_t seconds = left <= 0ns ? 0 : (left.count() - 1) / 1'000'000'000 + 1;
  if (seconds < 100) return std::to_string(seconds) + "s";
  if (seconds >= 100 * 3600) return ">99h";
  const bool has_hours = seconds >= 6000;
  const std::int64_t whole = has_hours ? seconds / 3600 : seconds / 60;
  const std::int64_t rest = has_hours ? seconds / 60 % 60 : seconds % 60;
  std::string text = std::to_string(whole) + (has_hours ? "h" : "m");
  if (!is_narrow) text += std::to_string(rest) + (has_hours ? "m" : "s");
  return text;
}

std::string line_of(const Progress& progress, bool is_narrow) {
  const LoadSecond& second = progress.second;
  const bool has_latency = second.requests > 0 && second.max > 0;
  const std::string connections = "errors " + count_text(progress.errors, is_narrow) + "  open " +
                                  count_text(second.open_connections, is_narrow) + "/" +
                                  count_text(progress.connections_wanted, is_narrow);
  if (progress.phase == Progress::Phase::opening) return "opening connections  " + connections;
  return right_aligned(count_text(second.requests, is_narrow), is_narrow ? 4 : 7) + "/s  p50 " +
         right_aligned(has_latency ? latency_text(second.p50) : "-", 8) + "  p99 " +
         right_aligned(has_latency ? latency_text(second.p99) : "-", 8) + "  " + connections + "  " +
         left_text(progress.left, is_narrow) +
         (progress.phase == Progress::Phase::warming_up ? " warm-up" : " left");
}

}  // namespace

std::string progress_line(const Progress& progress) {
  std::string line = line_of(progress, false);
  if (line.size() > line_width) line = line_of(progress, true);
  return line;
}

}  // namespace reactord::load
