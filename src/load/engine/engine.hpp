// Engine: one process's run of the load, on one Reactor.
//
//     open()      dials all connections, some at a time
//     measure()   running: closed loop or open loop; warm-up, then second by second
//                 draining: nothing more is sent; requests in flight may be answered within --timeout
//     stop()      ends both early, with what was measured so far
#pragma once

#include <memory>
#include <vector>

#include "load/engine/connection.hpp"
#include "load/engine/idle_connections.hpp"
#include "load/engine/pacer.hpp"
#include "load/engine/player.hpp"
#include "load/engine/recorder.hpp"

namespace reactord::load {

// Hears of each measured second when it has ended. Before that it hears once a second how much was answered, failed and
// is open so far.
class EngineObserver {
 public:
  virtual void on_opening(const LoadSecond& so_far) = 0;
  virtual void on_warm_up(const LoadSecond& so_far) = 0;
  virtual void on_second(const LoadSecond& second, const Histogram& responses) = 0;

 protected:
  ~EngineObserver() = default;
};

class Engine {
 public:
  // All three must outlive the engine. `options` are this process's share.
  Engine(Reactor& reactor, const LoadOptions& options, EngineObserver& observer);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Task<> open();
  Task<LoadResult> measure(Time start);  // after open() has ended
  // Ends open() and measure() early, with what was done so far. Only replies to requests in flight are waited for.
  void stop();

 private:
  Task<> open_all(Context& done);
  Task<> open_some();
  LoadSecond so_far() const;
  Task<> check_regularly();
  Duration timeout_check_interval() const;
  Task<> run_seconds();
  void end_second();
  void stop_sending();
  Task<> drain();
  void record_never_sent();
  void start_connections();
  void sample_turn(Duration wall_time, Duration processor_time);
  void judge_generator();
  std::string bottleneck_reason();

  Reactor& reactor_;
  const LoadOptions& options_;
  EngineObserver& observer_;
  Recorder recorder_;
  std::unique_ptr<Exchange::Templates> templates_;
  Context until_drained_;  // done once nothing more is to be sent
  Context until_over_;     // done once nothing is waited for
  Context until_opened_;
  std::unique_ptr<EngineState> state_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Player>> players_;  // in the place of connections_, when there is a script
  std::unique_ptr<Pacer> pacer_;                  // open loop only
  std::unique_ptr<IdleConnections> idle_connections_;
  std::size_t next_to_open_ = 0;
  std::size_t opening_ = 0;                    // tasks that open connections
  Duration processor_time_{0}, wall_time_{0};  // of the window
  // The times of the turns that were sampled.
  Duration longest_turn_{0}, sampled_wall_time_{0}, sampled_processor_time_{0};
};

}  // namespace reactord::load
