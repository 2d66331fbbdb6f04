// A daemon as `reactordctl top` samples it, for tests of what is made of that.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "control/top_rates.hpp"
#include "control/top_sample.hpp"
#include "control/top_view.hpp"

namespace test {

using namespace std::chrono_literals;

inline constexpr reactord::Time top_start = reactord::Time::from_nanoseconds(100'000'000'000);

// A histogram in seconds of so many that took up to 10us, 100us, 1ms, and more.
inline reactord::control::Histogram times_of(double quick, double usual, double slow, double beyond = 0) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return {{1e-5, quick},
          {1e-4, quick + usual},
          {1e-3, quick + usual + slow},
          {infinity, quick + usual + slow + beyond}};
}

inline reactord::control::TopConnection connection(std::uint64_t id, std::uint64_t lines = 0) {
  reactord::control::TopConnection one;
  one.id = id;
  one.protocol = "line";
  one.peer = "192.0.2." + std::to_string(id % 250) + ":51234";
  one.state = "idle";
  one.age = 2h + 5min;
  one.silent = 12ms;
  one.lines = lines;
  one.in = lines * 9;
  one.out = lines * 17;
  return one;
}

// A daemon that has run for two hours when top begins, `seconds` later, when it has done `lines` more.
inline reactord::control::TopSample sample(int seconds = 0, double lines = 0) {
  reactord::control::TopSample one;
  one.at = top_start + seconds * 1s;
  one.version = "reactord 0.1.0";
  one.log_level = "info";
  one.uptime = 2h + 5min + seconds * 1s;
  one.pid = 3326;
  one.open = 3;
  one.waiting = 0;
  one.accepted = 91;
  one.resident = 54'525'952;
  one.buffers = 4096;
  one.descriptors_limit = 20'000;
  one.ended_lines = 100;
  one.ended_in = 1000;
  one.ended_out = 2000;
  one.ended = {{"eof", 80}, {"reset", 2}, {"idle", 6}};
  one.connections_limit = 19'789;
  one.buffers_limit = 268'435'456;
  one.lines = 9000 + lines;
  one.in = 81'000 + lines * 9;
  one.out = 153'000 + lines * 17;
  one.stalls = 1;
  one.descriptors = 12;
  one.turns = times_of(1000 + lines, 100, 10);
  one.handlers = times_of(9000 + lines, 0, 0);
  return one;
}

inline reactord::control::TopView view_of(std::vector<reactord::control::TopConnection> before,
                                          std::vector<reactord::control::TopConnection> after,
                                          std::size_t rows = 10, std::string filter = {}) {
  auto first = sample(0), second = sample(2, 5000);
  first.connections = std::move(before);
  second.connections = std::move(after);
  reactord::control::TopView view(std::move(filter), 1s);
  auto rates = reactord::control::rates_between(&first, second);
  view.show(std::move(second), std::move(rates), rows);
  return view;
}

}  // namespace test
