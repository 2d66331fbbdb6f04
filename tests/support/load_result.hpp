// Results of load runs, made up: what the tests of reports, files, comparisons and plots are given.
#pragma once

#include "load/result/result.hpp"

namespace reactord::load {

// An open loop of ten seconds at 1,000 requests a second: 9,990 answers around 200us, ten around 5ms, and something in
// every field.
inline LoadResult open_loop_result() {
  LoadResult result;
  result.configuration = {{"target", "line@127.0.0.1:9090"},
                          {"duration", "10s"},
                          {"connections", "100"},
                          {"rate", "1000/s"},
                          {"arrivals", "poisson"}};
  result.environment = {{"version", "1.0"}, {"kernel", "6.1.0"}, {"cpu", "a \"fast\" one"}};
  result.open_loop = true;
  result.duration = 10s;
  result.requests = 10'000;
  result.sent = 10'003;
  result.in_flight_at_end = 3;
  result.bytes_read = 12'345'678;
  result.bytes_written = 234'567;
  result.connections_opened = 98;
  result.connections_wanted = 100;
  for (std::uint64_t i = 0; i < 9'990; ++i) {
    result.response.record(180'000 + i * 4);
    result.service.record(150'000 + i * 3);
    result.lateness.record(i % 50);
  }
  result.response.record(5'000'000, 10);
  result.service.record(400'000, 10);
  result.lateness.record(4'600'000, 10);
  result.connect.record(80'000, 98);
  result.first_byte.record(250'000, 98);
  result.late_sends = 10;
  result.errors["connect ECONNREFUSED"] = {
      .count = 2, .first_example = "dial tcp 127.0.0.1:9090: connect: connection refused"};
  result.errors["read ECONNRESET"] = {.count = 1, .first_example = ""};
  for (std::uint64_t second = 0; second < 10; ++second) {
    result.seconds.push_back({.requests = 990 + second * 2 + (second == 9 ? 2 : 0),
                              .errors = second == 4 ? 3u : 0u,
                              .p50 = 200'000 + second * 1000,
                              .p99 = 230'000,
                              .max = second == 4 ? 5'000'000u : 240'000u,
                              .open_connections = 98});
  }
  result.cpu_share = 0.43;
  result.longest_turn = 1200us;
  return result;
}

// A closed loop of one second without any error.
inline LoadResult closed_loop_result() {
  LoadResult result;
  result.configuration = {{"target", "echo@unix:/tmp/echo.sock"}, {"duration", "1s"}, {"connections", "10"}};
  result.environment = {{"version", "1.0"}, {"kernel", "6.1.0"}};
  result.duration = 1s;
  result.requests = result.sent = 50'000;
  result.bytes_read = result.bytes_written = 3'200'000;
  result.connections_opened = result.connections_wanted = 10;
  result.response.record(90'000, 40'000);
  result.response.record(100'000, 10'000);
  result.service = result.response;
  result.connect.record(80'000, 10);
  result.first_byte.record(250'000, 10);
  result.seconds.push_back({.requests = 50'000,
                            .errors = 0,
                            .p50 = 90'000,
                            .p99 = 100'000,
                            .max = 100'000,
                            .open_connections = 10});
  result.cpu_share = 0.61;
  result.longest_turn = 300us;
  return result;
}

}  // namespace reactord::load
