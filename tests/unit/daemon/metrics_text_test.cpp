// MetricsText: what Prometheus reads, byte for byte, in both formats.
#include "daemon/metrics_text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>

using namespace reactord;
using Type = MetricsText::Type;

namespace {

std::string sample_of(const MetricsText::Value& value) {
  std::string text;
  MetricsText metrics(MetricsFormat::prometheus, text);
  metrics.family("a", Type::gauge, "");
  text.clear();
  metrics.sample(value);
  REQUIRE(text.starts_with("a "));
  REQUIRE(text.ends_with("\n"));
  return text.substr(2, text.size() - 3);
}

std::string label_of(std::string_view value) {
  std::string text;
  MetricsText metrics(MetricsFormat::prometheus, text);
  metrics.family("a", Type::gauge, "");
  text.clear();
  metrics.sample({{"b", value}}, std::uint64_t{1});
  REQUIRE(text.starts_with("a{b=\""));
  REQUIRE(text.ends_with("\"} 1\n"));
  return text.substr(5, text.size() - 10);
}

std::string histogram_of(MetricsFormat format, std::span<const MetricsText::Bucket> buckets,
                         std::uint64_t beyond, Duration sum) {
  std::string text;
  MetricsText metrics(format, text);
  metrics.family("h", Type::histogram, "x");
  text.clear();
  metrics.histogram(buckets, beyond, sum);
  return text;
}

}  // namespace

TEST_CASE("a family is told once, and its samples follow it") {
  std::string text;
  MetricsText metrics(MetricsFormat::prometheus, text);
  metrics.family("r_ended_total", Type::counter, "Ended: \"all\" of\nthem, a \\ too.");
  metrics.sample({{"cause", "eof"}, {"limit", ""}}, std::uint64_t{80});
  metrics.sample({{"cause", "idle"}, {"limit", "x"}}, std::uint64_t{0});
  metrics.family("r_open", Type::gauge, "Open.");
  metrics.sample(std::uint64_t{3});
  metrics.end();
  CHECK(text ==
        "# HELP r_ended_total Ended: \"all\" of\\nthem, a \\\\ too.\n"
        "# TYPE r_ended_total counter\n"
        "r_ended_total{cause=\"eof\",limit=\"\"} 80\n"
        "r_ended_total{cause=\"idle\",limit=\"x\"} 0\n"
        "# HELP r_open Open.\n"
        "# TYPE r_open gauge\n"
        "r_open 3\n");
}

TEST_CASE("OpenMetrics names the family of a counter without _total, and has an end") {
  std::string text;
  MetricsText metrics(MetricsFormat::open_metrics, text);
  metrics.family("r_ended_total", Type::counter, "Ended: \"all\".");
  metrics.sample({{"cause", "eof"}}, std::uint64_t{80});
  metrics.end();
  CHECK(text ==
        "# HELP r_ended Ended: \\\"all\\\".\n"
        "# TYPE r_ended counter\n"
        "r_ended_total{cause=\"eof\"} 80\n"
        "# EOF\n");
}

TEST_CASE("numbers are whole, or have a point and no exponent") {
  CHECK(sample_of(std::uint64_t{0}) == "0");
  CHECK(sample_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(sample_of(Duration(0)) == "0");
  CHECK(sample_of(Duration(1)) == "0.000000001");
  CHECK(sample_of(Duration(1'500'000'000)) == "1.5");
  CHECK(sample_of(Duration(90s)) == "90");
  CHECK(sample_of(Duration(-1'050'000'000)) == "-1.05");
  CHECK(sample_of(Duration(std::numeric_limits<std::int64_t>::max())) == "9223372036.854775807");
  CHECK(sample_of(Duration(std::numeric_limits<std::int64_t>::min())) == "-9223372036.854775808");
  using std::chrono::system_clock;
  CHECK(sample_of(system_clock::time_point{}) == "0");
  CHECK(sample_of(system_clock::time_point(1'780'000'000'123ms)) == "1780000000.123");
}

TEST_CASE("a label holds any text, escaped, and is UTF-8") {
  CHECK(label_of("") == "");
  CHECK(label_of("a b") == "a b");
  CHECK(label_of("a\nb") == "a\\nb");
  CHECK(label_of("a\"b") == "a\\\"b");
  CHECK(label_of("a\\b") == "a\\\\b");
  CHECK(label_of("\\\n\"") == "\\\\\\n\\\"");
  CHECK(label_of("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  CHECK(label_of("a\xff") == "a\\\\xff");
  CHECK(label_of(std::string_view("\0", 1)) == std::string_view("\0", 1));
}

TEST_CASE("a histogram is cumulative, with +Inf, the sum and the count") {
  const std::array<MetricsText::Bucket, 3> buckets{{{0.000001, 2}, {0.5, 0}, {1, 3}}};
  CHECK(histogram_of(MetricsFormat::prometheus, buckets, 4, Duration(12'500'000'000)) ==
        "h_bucket{le=\"0.000001\"} 2\n"
        "h_bucket{le=\"0.5\"} 2\n"
        "h_bucket{le=\"1\"} 5\n"
        "h_bucket{le=\"+Inf\"} 9\n"
        "h_sum 12.5\n"
        "h_count 9\n");
  CHECK(histogram_of(MetricsFormat::open_metrics, buckets, 0, Duration(0))
            .find("h_bucket{le=\"1.0\"} 5\nh_bucket{le=\"+Inf\"} 5\nh_sum 0\n") != std::string::npos);
}

TEST_CASE("a histogram without buckets, and one whose last bound is infinity") {
  CHECK(histogram_of(MetricsFormat::prometheus, {}, 0, Duration(0)) ==
        "h_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n");
  const std::array<MetricsText::Bucket, 2> buckets{{{1e-9, 1}, {std::numeric_limits<double>::infinity(), 7}}};
  CHECK(histogram_of(MetricsFormat::prometheus, buckets, 0, Duration(1)) ==
        "h_bucket{le=\"0.000000001\"} 1\nh_bucket{le=\"+Inf\"} 8\nh_sum 0.000000001\nh_count 8\n");
}

TEST_CASE("the bounds of extreme numbers have no exponent") {
  const std::array<MetricsText::Bucket, 2> buckets{{{1e-30, 0}, {std::numeric_limits<double>::max(), 0}}};
  const std::string text = histogram_of(MetricsFormat::prometheus, buckets, 0, Duration(0));
  CHECK(text.find("e-") == std::string::npos);
  CHECK(text.find("e+") == std::string::npos);
  CHECK(text.find("le=\"0.000000000000000000000000000001\"") != std::string::npos);
}
