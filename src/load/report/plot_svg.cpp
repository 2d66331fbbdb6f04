#include "load/report/plot_svg.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "load/report/plot_axis.hpp"
#include "load/result/units.hpp"

namespace reactord::load {

namespace {

constexpr double width = 860, height = 660;
constexpr double left = 86, right = width - 40;
constexpr double curve_top = 66, curve_bottom = 370, rate_top = 470, rate_bottom = 610;

// Colours that colour-blind people can tell apart, too: Okabe and Ito, https://jfly.uni-koeln.de/color/.
constexpr const char* colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                   "#e69f00", "#56b4e9", "#000000", "#8a6d00"};
constexpr std::size_t legend_entries_per_row = 4;  // two rows fit in the place of the subtitle
constexpr const char* error_colour = "#c00000";

struct Curve {
  std::string name;
  const Histogram* histogram;
  const char* colour;
};

struct Point {
  double x, y;
};

struct TimeSeries {
  std::string name;               // empty: it is one of the curves, and named there
  std::vector<Point> per_second;  // how much a second there was until then: x in seconds
  const char* colour;
};

struct Plot {
  std::string title, subtitle;
  std::vector<Curve> curves;
  std::vector<TimeSeries> series;
};

// Characters that XML 1.0 refuses (control characters, U+FFFE, U+FFFF) and bytes that are not UTF-8 become a question
// mark.
std::string escaped(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char byte = text.front();
    if (byte == '&') {
      safe += "&amp;";
    } else if (byte == '<') {
      safe += "&lt;";
    } else if (byte == '>') {
      safe += "&gt;";
    } else if (byte == '"') {
      safe += "&quot;";
    } else if (length == 0 || (length == 1 && static_cast<unsigned char>(byte) < 0x20) ||
               text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF")) {
      safe += '?';
    } else {
      safe += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return safe;
}

std::string coordinate(double number) { return fixed_text(number, 1); }

void add_text(std::string& svg, double x, double y, std::string_view text, std::string_view attributes = "") {
  svg += "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\" " + std::string(attributes) + ">" +
         escaped(text) + "</text>\n";
}

void add_line(std::string& svg, double x1, double y1, double x2, double y2, std::string_view colour) {
  svg += "<line x1=\"" + coordinate(x1) + "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) +
         "\" y2=\"" + coordinate(y2) + "\" stroke=\"" + std::string(colour) + "\"/>\n";
}

void add_curve(std::string& svg, const std::vector<Point>& points, std::string_view colour) {
  if (points.empty()) return;
  svg += "<polyline fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke=\"" +
         std::string(colour) + "\" points=\"";
  for (const Point& point : points) svg += coordinate(point.x) + "," + coordinate(point.y) + " ";
  svg.back() = '"';
  svg += "/>\n";
  if (points.size() > 1) return;
  svg += "<circle r=\"3\" cx=\"" + coordinate(points[0].x) + "\" cy=\"" + coordinate(points[0].y) +
         "\" fill=\"" + std::string(colour) + "\"/>\n";
}

// Draws the frame of a panel, the lines of its marks with their labels, and the titles of its sides.
void add_panel(std::string& svg, const PlotAxis& x, const PlotAxis& y, std::string_view x_title,
               std::string_view y_title) {
  for (const PlotMark& mark : y.marks) {
    const double place = y.place_of(mark.value);
    add_line(svg, x.from, place, x.to, place, mark.label.empty() ? "#f2f2f2" : "#d8d8d8");
    if (!mark.label.empty()) add_text(svg, x.from - 8, place + 4, mark.label, "text-anchor=\"end\"");
  }
  for (const PlotMark& mark : x.marks) {
    const double place = x.place_of(mark.value);
    add_line(svg, place, y.from, place, y.to, "#d8d8d8");
    add_text(svg, place, y.from + 18, mark.label, "text-anchor=\"middle\"");
  }
  add_line(svg, x.from, y.from, x.to, y.from, "#404040");
  add_line(svg, x.from, y.from, x.from, y.to, "#404040");
  add_text(svg, (x.from + x.to) / 2, y.from + 38, x_title, "text-anchor=\"middle\"");
  const double middle = (y.from + y.to) / 2;
  add_text(svg, 20, middle, y_title,
           "text-anchor=\"middle\" transform=\"rotate(-90 20 " + coordinate(middle) + ")\"");
}

// Draws a name with a short line of its colour. Result: where the next entry may begin.
double add_legend_entry(std::string& svg, double x, double y, std::string_view name,
                        std::string_view colour) {
  svg += "<line x1=\"" + coordinate(x) + "\" y1=\"" + coordinate(y - 4) + "\" x2=\"" + coordinate(x + 22) +
         "\" y2=\"" + coordinate(y - 4) + "\" stroke-width=\"3\" stroke=\"" + std::string(colour) + "\"/>\n";
  add_text(svg, x + 28, y, name);
  return x + 52 + 7.0 * static_cast<double>(name.size());
}

// One point every two coordinates along the axis: more could not be seen.
std::vector<Point> curve_points(const Histogram& histogram, const PlotAxis& x, const PlotAxis& y) {
  std::vector<Point> points;
  const double last = std::min(static_cast<double>(histogram.count()), x.high);
  const double end = x.place_of(last);
  for (double place = x.from; place < end + 2; place += 2) {
    const double tail = place >= end ? last : std::pow(x.high, (place - x.from) / (x.to - x.from));
    points.push_back({std::min(place, end), y.place_of(static_cast<double>(histogram.at(1 - 1 / tail)))});
  }
  return points;
}

void add_latencies(std::string& svg, const Plot& plot) {
  double shortest = 0, longest = 0, count = 0;
  for (const Curve& curve : plot.curves) {
    if (curve.histogram->count() == 0) continue;
    const auto min = static_cast<double>(curve.histogram->min());
    shortest = count == 0 ? min : std::min(shortest, min);
    longest = std::max(longest, static_cast<double>(curve.histogram->max()));
    count = std::max(count, static_cast<double>(curve.histogram->count()));
  }
  PlotAxis x = quantile_axis(count),
           y = count == 0 ? latency_axis(1e5, 1e7) : latency_axis(shortest, longest);
  x.from = left, x.to = right, y.from = curve_bottom, y.to = curve_top;
  add_panel(svg, x, y, "share of answers that were at least so fast (%)", "latency");
  if (count == 0)
    add_text(svg, (left + right) / 2, (curve_top + curve_bottom) / 2, "nothing was answered",
             "text-anchor=\"middle\"");
  const std::size_t last_row = plot.curves.empty() ? 0 : (plot.curves.size() - 1) / legend_entries_per_row;
  double legend_x = left + 12;
  for (std::size_t number = 0; number < plot.curves.size(); ++number) {
    const Curve& curve = plot.curves[number];
    if (curve.histogram->count() > 0) add_curve(svg, curve_points(*curve.histogram, x, y), curve.colour);
    if (number % legend_entries_per_row == 0) legend_x = left + 12;
    const double rows_below = static_cast<double>(last_row - number / legend_entries_per_row);
    legend_x = add_legend_entry(svg, legend_x, curve_top - 8 - 18 * rows_below, curve.name, curve.colour);
  }
}

void add_series(std::string& svg, const Plot& plot) {
  double highest = 0, seconds = 1;
  for (const TimeSeries& one_series : plot.series) {
    for (const Point& point : one_series.per_second) highest = std::max(highest, point.y);
    if (!one_series.per_second.empty()) seconds = std::max(seconds, one_series.per_second.back().x);
  }
  PlotAxis x = count_axis(seconds), y = count_axis(highest);
  x.from = left, x.to = right, y.from = rate_bottom, y.to = rate_top;
  add_panel(svg, x, y, "time (s)", "requests/s");
  double legend_x = left + 12;
  for (const TimeSeries& one_series : plot.series) {
    std::vector<Point> points;
    for (const Point& point : one_series.per_second)
      points.push_back({x.place_of(point.x), y.place_of(point.y)});
    add_curve(svg, points, one_series.colour);
    if (!one_series.name.empty())
      legend_x = add_legend_entry(svg, legend_x, rate_top - 8, one_series.name, one_series.colour);
  }
}

std::string svg_of(const Plot& plot) {
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + fixed_text(width, 0) +
                    "\" height=\"" + fixed_text(height, 0) + "\" viewBox=\"0 0 " + fixed_text(width, 0) +
                    " " + fixed_text(height, 0) +
                    "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#202020\">\n"
                    "<title>" +
                    escaped(plot.title) +
                    "</title>\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  add_text(svg, left, 22, plot.title, "font-size=\"16\"");
  add_text(svg, left, 40, plot.subtitle, "fill=\"#606060\"");
  add_latencies(svg, plot);
  add_series(svg, plot);
  return svg + "</svg>\n";
}

// The points of one count: its rate from the beginning to the end of each second.
std::vector<Point> series_of(const LoadResult& result, std::uint64_t LoadSecond::*count) {
  std::vector<Point> points;
  double end = 0;
  for (std::size_t index = 0; index < result.measurable_seconds(); ++index) {
    const double length = static_cast<double>(result.length_of(index).count()) / 1e9;
    const double rate = static_cast<double>(result.seconds[index].*count) / length;
    if (index == 0) points.push_back({0, rate});
    end += length;
    points.push_back({end, rate});
  }
  return points;
}

}  // namespace

std::string plot_svg(const LoadResult& result) {
  Plot plot;
  for (const auto& [name, value] : result.configuration) {
    if (name == "target") {
      plot.title = value;
    } else {
      plot.subtitle += (plot.subtitle.empty() ? "" : ", ") + name + " " + value;
    }
  }
  if (result.open_loop) {
    plot.curves = {{"response time", &result.response, colours[0]},
                   {"service time", &result.service, colours[1]}};
  } else {
    plot.curves = {{"service time, closed loop", &result.response, colours[0]}};
  }
  plot.series = {{"answers", series_of(result, &LoadSecond::requests), colours[0]}};
  const bool had_errors = std::ranges::any_of(result.seconds, &LoadSecond::errors);
  if (had_errors) plot.series.push_back({"errors", series_of(result, &LoadSecond::errors), error_colour});
  return svg_of(plot);
}

std::string plot_svg(const std::string& title, std::span<const PlotSeries> series) {
  Plot plot;
  plot.title = title;
  for (std::size_t number = 0; number < series.size(); ++number) {
    const char* colour = colours[number % std::size(colours)];
    plot.curves.push_back({series[number].name, &series[number].result->response, colour});
    plot.series.push_back({"", series_of(*series[number].result, &LoadSecond::requests), colour});
  }
  return svg_of(plot);
}

}  // namespace reactord::load
