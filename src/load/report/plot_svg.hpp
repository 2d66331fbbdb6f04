// Plot: results of load runs as one picture, in SVG, that needs no style and no font of others.
//
//     +-----------------------------------+
//     | latency                      ___/ |   above which latency the slowest 50%, 10%, 1%, 0.1% of all answers were;
//     |            _________________/     |   both scales logarithmic
//     |  0%   90%   99%   99.9%   99.99%  |
//     +-----------------------------------+
//     | requests/s  ~~~~~\__/~~~~~~~~~~~~ |   answers a second, from the beginning of the run
//     +-----------------------------------+
#pragma once

#include <span>
#include <string>

#include "load/result/result.hpp"

namespace reactord::load {

struct PlotSeries {
  std::string name;
  const LoadResult* result = nullptr;
};

// One run: response and service time (in a closed loop they are one), answers and errors a second.
std::string plot_svg(const LoadResult& result);

// Several runs in one picture, each by its response time. Up to eight, with names of up to 20 characters, have a colour
// and a place of their own. None of their results may be null.
std::string plot_svg(const std::string& title, std::span<const PlotSeries> series);

}  // namespace reactord::load
