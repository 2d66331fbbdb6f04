// The picture of a result: what it holds, and that it is XML.
#include "load/report/plot_svg.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/load_result.hpp"

using namespace reactord;
using namespace reactord::load;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Every element is closed, in order, and no text holds what XML reserves. Empty where all is well.
std::string fault_of(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at)) {
    const std::size_t end = svg.find('>', at);
    if (end == std::string::npos) return "not closed: " + svg.substr(at, 20);
    const std::string element = svg.substr(at + 1, end - at - 1);
    if (element.find('<') != std::string::npos) return "< in " + element;
    if (count_of(element, "\"") % 2 != 0) return "quotes in " + element;
    const std::string name = element.substr(0, element.find_first_of(" /", 1));
    if (element.starts_with('/')) {
      if (open.empty() || "/" + open.back() != element) return "closes another: " + element;
      open.pop_back();
    } else if (!element.ends_with('/')) {
      open.push_back(name);
    }
    at = end;
  }
  for (std::size_t at = svg.find('&'); at != std::string::npos; at = svg.find('&', at + 1)) {
    const std::string rest = svg.substr(at, 6);
    if (!rest.starts_with("&amp;") && !rest.starts_with("&lt;") && !rest.starts_with("&gt;") &&
        rest != "&quot;") {
      return "& in " + rest;
    }
  }
  return open.empty() ? "" : "left open: " + open.back();
}

// The points of the curve of `colour`, from first to last.
std::vector<std::pair<double, double>> points_of(const std::string& svg, const std::string& colour,
                                                 bool of_last = false) {
  const std::string begin = "stroke=\"" + colour + "\" points=\"";
  std::vector<std::pair<double, double>> points;
  std::size_t at = of_last ? svg.rfind(begin) : svg.find(begin);
  if (at == std::string::npos) return points;
  const char* text = svg.c_str() + at + begin.size();
  while (*text != '"') {
    char* end = nullptr;
    const double x = std::strtod(text, &end);
    const double y = std::strtod(end + 1, &end);
    points.emplace_back(x, y);
    text = *end == ' ' ? end + 1 : end;
  }
  return points;
}

}  // namespace

TEST_CASE("the picture of an open loop has response and service time, answers and errors") {
  const std::string svg = plot_svg(open_loop_result());
  CHECK(fault_of(svg) == "");
  CHECK(count_of(svg, "<polyline") == 4);
  for (const char* text :
       {">line@127.0.0.1:9090<", ">duration 10s, connections 100, rate 1000/s, arrivals poisson<",
        ">response time<", ">service time<", ">answers<", ">errors<", ">99.9%<", ">1ms<", ">500us<",
        ">latency<", ">requests/s<", ">time (s)<"}) {
    CAPTURE(text);
    CHECK(svg.contains(text));
  }
  CHECK(svg.contains("fill=\"#ffffff\""));
  CHECK_FALSE(svg.contains("<style"));
  CHECK_FALSE(svg.contains("nan"));
  CHECK_FALSE(svg.contains("inf"));
}

TEST_CASE("a curve of latencies only rises, from the shortest to the longest") {
  const auto points = points_of(plot_svg(open_loop_result()), "#0072b2");
  REQUIRE(points.size() > 100);
  CHECK(points.front().first == doctest::Approx(86));
  for (std::size_t number = 1; number < points.size(); ++number) {
    CHECK(points[number].first > points[number - 1].first);
    CHECK(points[number].second <= points[number - 1].second);
  }
  // 100us to 5ms between 370 and 66: 180us at first, 5ms in the end.
  CHECK(points.front().second == doctest::Approx(324.3).epsilon(0.001));
  CHECK(points.back().second == doctest::Approx(66));
}

TEST_CASE(
    "the picture of a closed loop names its latency for what it is, and has no errors where there were "
    "none") {
  const std::string svg = plot_svg(closed_loop_result());
  CHECK(fault_of(svg) == "");
  CHECK(svg.contains(">service time, closed loop<"));
  CHECK_FALSE(svg.contains(">errors<"));
  CHECK_FALSE(svg.contains("<circle"));  // a single second is a line from its beginning to its end
}

TEST_CASE("the line of the rate begins at 0, and a last second that was cut short is as high as its rate") {
  LoadResult result = closed_loop_result();
  result.duration = 2500ms;
  result.seconds.assign(3, result.seconds.front());
  result.seconds.back().requests /= 2;
  auto points = points_of(plot_svg(result), "#0072b2", true);
  REQUIRE(points.size() == 4);
  CHECK(points[0].first == doctest::Approx(86));
  for (const auto& point : points) CHECK(point.second == doctest::Approx(points[0].second));
  CHECK(points[3].first - points[2].first ==
        doctest::Approx((points[2].first - points[1].first) / 2).epsilon(0.01));
  result.duration = 2000ms + 100ns;  // of which nothing can be told
  result.seconds.back().requests = 1;
  points = points_of(plot_svg(result), "#0072b2", true);
  CHECK(points.size() == 3);
}

TEST_CASE("the picture of nothing says so") {
  const std::string svg = plot_svg(LoadResult{});
  CHECK(fault_of(svg) == "");
  CHECK(svg.contains(">nothing was answered<"));
  CHECK_FALSE(svg.contains("nan"));
  CHECK_FALSE(plot_svg(closed_loop_result()).contains("nothing was answered"));
}

TEST_CASE("several runs stand in one picture, each in its colour, whatever their names") {
  const LoadResult open = open_loop_result(), closed = closed_loop_result(), nothing;
  std::vector<PlotSeries> series = {
      {"<server> & \"co\"", &open}, {"bad \xff\x01 bytes", &closed}, {"none", &nothing}};
  const std::string svg = plot_svg("a > b", series);
  CHECK(fault_of(svg) == "");
  CHECK(svg.contains(">a &gt; b<"));
  CHECK(svg.contains(">&lt;server&gt; &amp; &quot;co&quot;<"));
  CHECK(svg.contains(">bad ?? bytes<"));
  CHECK(points_of(svg, "#0072b2").size() > 100);
  CHECK(points_of(svg, "#d55e00").size() > 100);
  for (int number = 0; number < 10; ++number) series.push_back({"more", &open});
  CHECK(fault_of(plot_svg("many", series)) == "");
  CHECK(fault_of(plot_svg("no run", {})) == "");
}

TEST_CASE("a title holds no character that XML does not take") {
  LoadResult result = closed_loop_result();
  result.configuration = {{"target",
                           "a\xEF\xBF\xBF"
                           "b\xEF\xBF\xBE"
                           "c\xEF\xBF\xBD"
                           "d\xC2\x85"
                           "e\t\x01"
                           "f\xF0\x9F\xBF\xBF"}};
  const std::string svg = plot_svg(result);
  CHECK(
      svg.contains(">a?b?c\xEF\xBF\xBD"
                   "d\xC2\x85"
                   "e??f\xF0\x9F\xBF\xBF<"));
}

TEST_CASE("the largest numbers make a picture too") {
  LoadResult result = closed_loop_result();
  result.response.record(0);
  result.response.record(~std::uint64_t{0});
  result.seconds[0].requests = ~std::uint64_t{0};
  const std::string svg = plot_svg(result);
  CHECK(fault_of(svg) == "");
  CHECK_FALSE(svg.contains("nan"));
  CHECK_FALSE(svg.contains("inf"));
  CHECK(svg.size() < 100'000);
}
