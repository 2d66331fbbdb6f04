// Engine: one process's run of the load, on one Reactor.
//
//     open()      all connections are dialled, some at a time
//     measure()   running: closed loop or open loop; warm-up, then second by second
//                 draining: nothing more is sent, what is in flight may be answered for as long as a reply may take
//     stop()      ends it early, whatever it does, with what was measured so far
#pragma once

#include <memory>
#include <vector>

#include "load/engine/connection.hpp"
#include "load/engine/holding.hpp"
#include "load/engine/pacer.hpp"
#include "load/engine/player.hpp"
#include "load/engine/recorder.hpp"

namespace reactord::load {

// Told of each second that has ended; before the measured ones, how much was answered, failed and is open so far.
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
  // All three outlive it. `options` are this process's share.
  Engine(Reactor& reactor, const LoadOptions& options, EngineObserver& observer);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Task<> open();
  Task<LoadResult> measure(Time start);  // once open() has ended
  // open() and measure() end soon, with what was done so far: at once, but for replies that are on their way.
  void stop();

 private:
  Task<> open_all(Context& done);
  Task<> open_some();
  LoadSecond so_far() const;
  Task<> watch_over();
  Duration look_pause() const;
  Task<> run_seconds();
  void end_second();
  Task<> drain();
  void start_connections();
  void sample_turn(Duration took, Duration used);
  void judge();
  std::string bottleneck();

  Reactor& reactor_;
  const LoadOptions& options_;
  EngineObserver& observer_;
  Recorder recorder_;
  std::unique_ptr<Exchange::Texts> texts_;
  Context until_drained_;  // done: nothing more is to be sent
  Context until_over_;     // done: nothing is waited for either
  Context until_opened_;
  std::unique_ptr<Common> common_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Player>> players_;  // of a script, instead
  std::unique_ptr<Pacer> pacer_;                  // open loop only
  std::unique_ptr<Holding> holding_;
  std::size_t next_to_open_ = 0;
  std::size_t opening_ = 0;                                   // tasks that do
  Duration processor_time_{0}, real_time_{0};                 // of the window
  Duration longest_turn_{0}, turns_took_{0}, turns_used_{0};  // of those that were sampled
};

}  // namespace reactord::load
