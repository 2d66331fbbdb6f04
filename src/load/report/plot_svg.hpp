// Plot: results of load runs as one picture, in SVG without external styles or fonts.
//
//     +-----------------------------------+
//     | latency                      ___/ |   the latency that the slowest 50%, 10%, 1%, 0.1% of all answers exceeded;
//     |            _________________/     |   both scales are logarithmic
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

// Draws one run: response and service time (the same in a closed loop), answers and errors a second.
std::string plot_svg(const LoadResult& result);

// Draws several runs in one picture, each by its response time. Up to eight, with names of up to 20 characters, have a
// colour and a place of their own. No result may be null.
std::string plot_svg(const std::string& title, std::span<const PlotSeries> series);

}  // namespace reactord::load
