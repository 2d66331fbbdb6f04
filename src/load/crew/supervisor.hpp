// Supervisor: the process that began the run. It reads the links of the workers, starts and stops them together, and adds
// up their seconds and results.
//
//     link 0   second 0 --+
//     link 1   second 0 --+--> complete: added up, observed, kept in the result
//     link 0   second 1        waits until every link has sent its second 1 or has ended
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/crew/crew.hpp"
#include "reactord/conn.hpp"
#include "reactord/signals.hpp"

namespace reactord::load {

class Supervisor {
 public:
  // All three must outlive it.
  Supervisor(Reactor& reactor, CrewRun& run, CrewObserver& observer)
      : reactor_(reactor), run_(run), observer_(observer) {}

  void add(Conn link) { links_.push_back(std::make_unique<Link>(std::move(link))); }
  void start();  // after the last add()
  Task<> handle_signals(Signals& signals);
  void conclude();  // after Reactor::run()

 private:
  // The link to one worker.
  struct Link {
    explicit Link(Conn link) : conn(std::move(link)) {}
    Conn conn;
    std::size_t seconds = 0;  // received
    LoadSecond so_far;        // before the first second
    bool is_ready = false;
    bool has_ended = false;
  };
  // A second that some workers have not sent yet.
  struct SecondSum {
    LoadSecond sum;
    Histogram responses;
  };

  Task<> read_link(Link& link);
  Task<> stop_reactor();
  Task<> announce_interruption();
  static Task<> send(Conn& link, std::string text);

  bool handle_line(Link& link, std::string_view line);
  bool handle_result(std::string_view line);
  bool handle_prelude(Link& link, Progress::Phase phase, std::string_view text);
  bool handle_second(Link& link, std::string_view text);
  void start_if_ready();
  void add_complete_seconds();
  void record_failure(const char* what);

  Reactor& reactor_;
  CrewRun& run_;
  CrewObserver& observer_;
  std::vector<std::unique_ptr<Link>> links_;
  std::size_t working_ = 0;  // links that have not ended
  bool started_ = false, was_interrupted_ = false;
  std::vector<SecondSum> incomplete_;  // the oldest first
  std::size_t complete_ = 0;           // seconds
};

}  // namespace reactord::load
