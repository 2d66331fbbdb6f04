// A process for each of many connections, with a family of its own. make hostile-programs has a thousand of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <sstream>
#include <vector>

#include "support/configured.hpp"
#include "support/misbehaving.hpp"
#include "support/processes.hpp"

using test::Client;
using test::Clock;
using test::Configured;
using test::Process;
using namespace std::chrono_literals;

namespace {

std::string configuration(const std::string& options, const std::string& command) {
  return "log-rate = 0\nlisten = p@unix:DIRp\nprogram = p mode=connection " + options + ' ' + command + '\n';
}

std::vector<std::unique_ptr<Client>> connect(std::size_t count, const std::string& address) {
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t number = 0; number < count; ++number) clients.push_back(std::make_unique<Client>(address));
  return clients;
}

// A third of each kind: the end of what they send, the end of all, a reset.
void end_all(std::vector<std::unique_ptr<Client>>& clients) {
  for (std::size_t number = 0; number < clients.size(); ++number) {
    if (number % 3 == 0) clients[number]->finish();
    if (number % 3 == 1) clients[number]->close();
    if (number % 3 == 2) clients[number]->reset();
  }
}

// Milliseconds since midnight, of each line with that event.
std::vector<long> times_of(const std::string& log, std::string_view event) {
  std::vector<long> times;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(event) == std::string::npos) continue;
    const auto number = [&line](std::size_t at, std::size_t size) {
      return std::stol(line.substr(at, size));
    };
    times.push_back(((number(16, 2) * 60 + number(19, 2)) * 60 + number(22, 2)) * 1000 + number(25, 3));
  }
  return times;
}

// The most that lie in any second.
std::size_t most_in_a_second(const std::vector<long>& times) {
  std::size_t most = 0, first = 0;
  for (std::size_t last = 0; last < times.size(); ++last) {
    while (times[last] - times[first] >= 1000) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

// Serves `count` connections by `command` all at the same time, and ends them.
void flood(std::size_t count, unsigned starts, const std::string& command, const std::string& mark,
           std::size_t marked) {
  Configured configured(
      configuration("processes=" + std::to_string(count) + " starts=" + std::to_string(starts), command));
  Process& daemon = configured.process();
  daemon.wait_for_log({"event=limits"});
  const std::size_t descriptors = daemon.descriptors();
  auto clients = connect(count, configured.address("p"));
  for (std::size_t number = 0; number < count; ++number) {
    const std::string line = "line of " + std::to_string(number);
    CHECK(clients[number]->ask(line) == line);
    daemon.read_log();
  }
  CHECK(test::children_of(daemon.pid()).size() == count);
  CHECK(test::processes_with(mark) == marked);

  const auto began = Clock::now();
  end_all(clients);
  test::wait_until("every process has ended", [&] {
    daemon.read_log();
    return test::children_of(daemon.pid()).empty() && test::processes_with(mark) == 0;
  });
  const auto took = Clock::now() - began;
  clients.clear();
  test::wait_until("every descriptor is given back", [&] {
    daemon.read_log();
    return daemon.descriptors() == descriptors;
  });
  daemon.signal(SIGUSR1);
  daemon.wait_for_log({"event=counters", " processes=0 process-starts=" + std::to_string(count)});
  CHECK(daemon.stop() == 0);
  const std::string log = daemon.errors();
  const auto started = times_of(log, "event=program-started");
  CHECK(started.size() == count);
  const std::size_t most_starts = most_in_a_second(started);
  // Four may come at once after a quiet time, and times are cut to milliseconds.
  CHECK(most_starts <= starts + 4 + 1);
  MESSAGE(command.substr(0, command.find(' '))
          << ": " << count << " processes, at most " << most_starts << " starts in a second; none left after "
          << took / 1ms << " ms");
  // Each has ended by itself. A busy machine takes its time over thousands of ends, so the time alone proves nothing.
  CHECK(log.find("status=\"signal: terminated\"") == log.npos);
  CHECK(log.find("status=\"signal: killed\"") == log.npos);
}

}  // namespace

TEST_CASE("hostile programs: of a process for each connection nothing is left, and none had to be told") {
  test::raise_descriptor_limit();
  const test::TemporaryDirectory unique;
  const std::string mark = unique.path("none");
  const bool is_thorough = test::is_thorough();
  flood(is_thorough ? 1000 : 100, is_thorough ? 200 : 60, "/bin/cat", mark, 0);
}

TEST_CASE("hostile programs: a family of processes for each connection ends with it") {
  test::raise_descriptor_limit();
  const test::TemporaryDirectory unique;
  const std::string mark = unique.path("families");
  const bool is_thorough = test::is_thorough();
  const std::size_t count = is_thorough ? 1000 : 50;
  flood(count, is_thorough ? 200 : 60, test::misbehaving_program() + " family " + mark, mark, 3 * count);
}

TEST_CASE(
    "hostile programs: no more processes run at once than processes= says, and who waits is served then") {
  constexpr std::size_t most = 10, rounds = 4;
  Configured configured(configuration("processes=10 starts=1000", "/bin/cat"));
  Process& daemon = configured.process();
  daemon.wait_for_log({"event=limits"});
  auto clients = connect(most * rounds, configured.address("p"));
  for (std::size_t number = 0; number < clients.size(); ++number) clients[number]->send("x\n");
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t number = round * most; number < (round + 1) * most; ++number)
      CHECK(clients[number]->read_line() == "x\n");
    CHECK(test::children_of(daemon.pid()).size() == most);
    for (std::size_t number = (round + 1) * most; number < clients.size(); ++number)
      CHECK(!clients[number]->has_input());
    for (std::size_t number = round * most; number < (round + 1) * most; ++number) {
      clients[number]->finish();
      CHECK(clients[number]->read_to_end().empty());
    }
  }
  CHECK(daemon.stop() == 0);
}
