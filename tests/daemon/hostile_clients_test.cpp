// All kinds of hostile clients at the same time, beside one that is well-behaved. HOSTILE_SECONDS=30 (make hostile) is
// the same with the daemon's own timeouts; in three seconds they would not come to pass.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>

#include "support/crowd.hpp"
#include "support/well_behaved.hpp"

using test::Client;
using test::Clock;
using test::Crowd;
using test::Daemon;
using test::Manner;
using test::WellBehaved;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t MiB = 1024 * 1024;
constexpr std::size_t max_buffers = 16 * MiB;
constexpr std::size_t max_connections = 8000;
constexpr unsigned log_rate = 20;

std::chrono::seconds duration() {
  const char* seconds = std::getenv("HOSTILE_SECONDS");
  return std::chrono::seconds(seconds == nullptr ? 3 : std::atoi(seconds));
}

bool is_short() { return duration() < 15s; }

// Of what the log says: how often each kind was written, and how often left out.
struct Log {
  std::map<std::string, std::uint64_t> written,
      omitted;  // "closed cause=eof", "limit limit=max-line action=..."
  std::map<std::string, std::size_t> lines_in_second;  // of all kinds
  std::size_t lines = 0;
};

std::string value_of(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(' ' + key + '=');
  if (at == line.npos) return "";
  const std::size_t begin = at + key.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

std::string kind_of(const std::string& line, const std::string& event) {
  std::string kind = event;
  for (const char* key : {"cause", "limit", "action"}) {
    const std::string value = value_of(line, key);
    if (!value.empty()) kind += ' ' + std::string(key) + '=' + value;
  }
  return kind;
}

Log read(const std::string& text) {
  Log log;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string event = value_of(line, "event");
    ++log.lines;
    ++log.lines_in_second[line.substr(0, line.find('.'))];
    if (event == "omitted") {
      log.omitted[kind_of(line, value_of(line, "kind"))] += std::stoull(value_of(line, "count"));
    } else {
      ++log.written[kind_of(line, event)];
    }
  }
  return log;
}

constexpr std::array causes{"eof",         "finished",  "reset",    "idle",          "slow-line",
                            "slow-reader", "no-answer", "lifetime", "line-too-long", "over-limit",
                            "over-rate",   "drained",   "killed",   "error"};

std::uint64_t sum_of_causes(const std::string& counters) {
  std::uint64_t sum = 0;
  for (const char* cause : causes) sum += std::stoull(value_of(counters, cause));
  return sum;
}

std::vector<std::string> settings() {
  std::vector<std::string> all{"--max-buffers",     "16MiB",
                               "--max-connections", std::to_string(max_connections),
                               "--log-rate",        std::to_string(log_rate)};
  if (is_short()) all.insert(all.end(), {"--line-timeout", "1s", "--write-timeout", "2s"});
  return all;
}

// As docs/operations.md has it.
constexpr std::size_t most_memory() {
  constexpr std::size_t output_high = 64 * 1024, clients_in_a_turn = 256;
  return 8 * MiB + max_connections * 400 + max_buffers + clients_in_a_turn * (64 * 1024 + output_high);
}

void add_all(Crowd& crowd, const std::string& address) {
  crowd.add(1000, Manner::trickles, address);
  crowd.add(1000, Manner::deaf, address);
  crowd.add(1000, Manner::silent, address);
  crowd.add(20, Manner::resets, address);
  crowd.add(20, Manner::never_ends, address);
  crowd.add(20, Manner::raves, address);
}

void check_log(const Log& log, const std::string& stopped, double seconds) {
  CHECK(log.written.count("log-lines-dropped") == 0);
  for (const char* cause : causes) {
    CAPTURE(cause);
    std::uint64_t told = 0;
    for (const auto* counts : {&log.written, &log.omitted}) {
      for (const auto& [kind, count] : *counts) {
        if ((kind + ' ').starts_with("closed cause=" + std::string(cause) + ' ')) told += count;
      }
    }
    CHECK(told == std::stoull(value_of(stopped, cause)));
  }
  // Ten seconds' worth at once, and then the rate.
  const double most = log_rate * (10 + seconds + 1);
  for (const auto& [kind, count] : log.written) {
    CAPTURE(kind);
    CHECK(static_cast<double>(count) <= most);
  }
}

TEST_CASE(
    "hostile clients of all kinds at once: others are served, memory is bounded, and the books balance") {
  Daemon daemon({"line@127.0.0.1:0"}, settings());
  WellBehaved well_behaved(daemon.address());
  CHECK(Client(daemon.address()).exchange("x\n", true) == "Server: x\n");
  daemon.wait_for_log({"event=closed", "cause=eof"});
  const std::size_t descriptors = daemon.descriptors(), resident = daemon.resident_bytes();
  const auto began = Clock::now();
  Crowd crowd;
  add_all(crowd, daemon.address());
  std::size_t peak = resident, most_descriptors = 0;
  auto next_look = began;
  crowd.run_for(duration(), [&] {
    daemon.read_log();
    if (Clock::now() < next_look) return;
    next_look = Clock::now() + 20ms;
    peak = std::max(peak, daemon.resident_bytes());
    most_descriptors = std::max(most_descriptors, daemon.descriptors());
  });
  crowd.leave();
  test::wait_until("every descriptor is given back", [&] {
    daemon.read_log();
    return daemon.descriptors() == descriptors;
  });
  well_behaved.stop();
  CHECK(well_behaved.wrong() == "");
  CHECK(well_behaved.answers() > 100);
  CHECK(well_behaved.slowest() < 2s);
  const std::size_t afterwards = daemon.resident_bytes();

  daemon.signal(SIGUSR1);
  const std::string counters = daemon.wait_for_log({"event=counters"});
  CHECK(std::stoull(value_of(counters, "accepted")) ==
        sum_of_causes(counters) + std::stoull(value_of(counters, "open")));
  CHECK(value_of(counters, "open") == "1");
  CHECK(daemon.stop() == 0);
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  const std::string text = daemon.errors();
  const std::string stopped = text.substr(text.rfind("level=info event=stopped"));
  CHECK(std::stoull(value_of(stopped, "accepted")) == sum_of_causes(stopped));
  Log log = read(text);
  ++log.written["closed cause=eof"];  // of the first one, read before
  check_log(log, stopped, seconds);
  std::size_t busiest = 0;
  for (const auto& [second, lines] : log.lines_in_second) busiest = std::max(busiest, lines);
  MESSAGE("slowest of " << well_behaved.answers() << " answers " << well_behaved.slowest() / 1us
                        << " us; resident at first " << resident / 1024 << " KiB, at most " << peak / 1024
                        << " KiB of " << most_memory() / 1024 << " KiB, afterwards " << afterwards / 1024
                        << " KiB; at most " << most_descriptors << " descriptors; " << log.lines
                        << " lines of log, at most " << busiest << " in a second; " << stopped);
  if (test::is_sanitized()) return;
  CHECK(peak < most_memory());
  CHECK(peak > resident + max_buffers / 2);  // else it was no test of the bound
  // What the pool of buffers keeps for reuse, 256 KiB of each of its seven sizes, and the allocator between it.
  CHECK(afterwards < resident + 6 * MiB);
}

}  // namespace
