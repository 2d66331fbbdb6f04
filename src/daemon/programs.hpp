// Programs: the programs that the daemon serves, each as a handler, from the settings that name it to the end of its last
// process.
//
//     prepare() --> fresh ---- follow() ---> serving --- follow(), not wanted any more ---> retired ---+
//        ^            | abandon()               |  ^                                           |       | its last listener and
//        |            v                         |  +--- prepare() wants it again --- revived --+       | connection are gone
//        |         killed                       +--- stop() ----------> stopping <---------------------+
//        |                                                                  | its last process has ended
//        +--- another one of its name may be made meanwhile                 v gone
//
// A reload prepares, changes the listeners, and then follows them; or it abandons. After stop() the timer is the end of its
// patience; before, it looks after retired ones.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/programs/served_program.hpp"
#include "reactord/server.hpp"
#include "reactord/wait_group.hpp"

namespace reactord {

class Programs final : Timer {
 public:
  // The time between two looks at retired programs that still serve.
  static constexpr Duration look_every = 1s;

  // All must outlive it, but the server may be gone when it goes.
  Programs(Reactor& reactor, Server& server, ProgramObserver& observer) noexcept;
  ~Programs();  // kills the processes that are left

  // Makes and starts those that are not served yet, so that listeners can be opened for them. Throws bad_alloc.
  void prepare(const std::vector<ProgramSettings>& wanted);
  // Undoes prepare(), when the listeners have stayed as they were.
  void abandon() noexcept;
  // Changes those that are served already, and retires what is not wanted, when the listeners have changed.
  void follow(const std::vector<ProgramSettings>& wanted);

  StreamHandler* find(std::string_view name) noexcept;  // null when there is none that is prepared or served

  // Ends all of them in order, and returns when the last process has ended. At `until` those that are left are killed, by
  // Reactor::shutdown(). Call it once, when the server has been drained.
  static Task<> stop(Programs& programs, Time until);
  void end_by(Time until);  // after stop(): gives it another `until`. No effect before

  struct Shown {
    std::string name;
    ProgramMode mode;
    std::string_view state;  // "serving"; "retired": only for the connections it has; "stopping"
    unsigned workers;        // as configured; 0: a process for each connection
    std::size_t processes, connections, open_lines;
    std::uint64_t starts;
  };
  std::vector<Shown> shown() const;

  bool empty() const noexcept { return all_.empty(); }
  std::size_t size() const noexcept { return all_.size(); }  // also those that have not quite ended

 private:
  enum class State : std::uint8_t {
    fresh,    // made for a change that is under way
    serving,  // a listener serves it
    retired,  // no listener is to serve it any more; connections are left, or a listener accepts its last ones
    revived,   // was retired, and is wanted by a change that is under way
    stopping,  // it serves nobody; its processes end
  };
  struct One {
    One(const ProgramHost& host, const ProgramSettings& settings) : program(host, settings) {}
    ServedProgram program;
    State state = State::fresh;
    std::string_view name() const noexcept { return program.settings().name; }
  };

  void on_timer() override;
  void look_after_retired();
  void begin_to_stop(One& one);
  static Task<> end(Programs& programs, One& one);
  One* find_one(std::string_view name) noexcept;
  bool is_in_use(One& one) const;

  Reactor& reactor_;
  Server& server_;
  ProgramObserver& observer_;
  LaunchReserve reserve_;
  std::list<One> all_;
  WaitGroup ending_;  // the tasks of those that stop
  bool is_stopping_ = false;
};

}  // namespace reactord
