// FakeControlHost: a ControlHost without a daemon: it knows what a test gives it, and records what it is asked to change.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/control_host.hpp"
#include "daemon/control_limits.hpp"

namespace test {

class FakeControlHost final : public reactord::ControlHost {
 public:
  using Mistakes = std::vector<std::string>;
  using Caller = reactord::ControlCaller;

  explicit FakeControlHost(reactord::Server& clients)
      : own_log(reactord::Log::open(clients.reactor(), -1, reactord::LogLevel::debug)),
        own_traces(clients.reactor(), reactord::control_traces),
        clients_(clients) {}

  reactord::Server& server() noexcept override { return clients_; }
  std::string version() const override { return "reactord 0.0"; }
  std::size_t descriptors() const override { return 1024; }
  void tell(reactord::TellCounter& tell) const override {
    for (const auto& [name, value] : counters) tell(name, value);
  }
  std::vector<ListenerRow> listeners() const override { return listener_rows; }
  std::vector<reactord::Programs::Shown> programs() const override { return program_rows; }
  std::vector<LimitRow> limits() const override { return limit_rows; }
  reactord::LogLevel log_level() const override { return level; }
  const reactord::SlowCalls& slow_calls() const override { return slow; }
  const reactord::EndedConnections& ended_connections() const override { return ended; }
  reactord::Duration stall_threshold() const override { return threshold; }
  std::string refuses_reload() const override { return refusal; }
  reactord::LiveTotals& totals() noexcept override { return live_totals; }
  reactord::DaemonFacts facts() const override { return daemon_facts; }
  reactord::Log& log() noexcept override { return *own_log; }
  reactord::Semaphore& traces() noexcept override { return own_traces; }

  reactord::Task<Mistakes> reload(Caller) override { return record("reload"); }
  reactord::Task<Mistakes> set_limit(std::string name, std::string value, Caller) override {
    return record(name + '=' + value);
  }
  reactord::Task<Mistakes> set_log_level(reactord::LogLevel to, Caller) override {
    level = to;
    return record("log-level");
  }
  reactord::Task<Mistakes> drain(Caller) override { return record("drain"); }

  std::vector<std::pair<std::string, reactord::CounterValue>> counters;
  std::vector<ListenerRow> listener_rows;
  std::vector<reactord::Programs::Shown> program_rows;
  std::vector<LimitRow> limit_rows;
  reactord::SlowCalls slow;
  reactord::EndedConnections ended;
  reactord::Duration threshold = std::chrono::milliseconds(100);
  reactord::LogLevel level = reactord::LogLevel::info;
  reactord::LiveTotals live_totals;  // told by the test
  reactord::DaemonFacts daemon_facts;
  reactord::WatchHandle<reactord::Log> own_log;  // writes to nothing
  reactord::Semaphore own_traces;
  std::string refusal;              // of a reload
  Mistakes mistakes;                // of each change
  std::vector<std::string> wanted;  // the changes that were asked for

 private:
  reactord::Task<Mistakes> record(std::string what) {
    wanted.push_back(std::move(what));
    co_return mistakes;
  }

  reactord::Server& clients_;
};

}  // namespace test
