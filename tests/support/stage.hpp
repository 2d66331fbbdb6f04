// Stage: what a test of anything on a Reactor stands on: a Reactor on a virtual clock, run to its end.
//
//     test::Stage stage;
//     stage.run([](test::Stage& on) -> Task<> {
//       auto slept = co_await on.reactor.sleep(1h);  // takes no time
//       CHECK(slept.has_value());
//     });
//
// A test that needs more derives from it, and its tasks are given the derived stage. The stages of a Conn, of a Server and
// of listeners are in loopback.hpp, server_stage.hpp and listening_stage.hpp.
#pragma once

#include <string>
#include <utility>

#include "conformance/running.hpp"
#include "reactord/reactor.hpp"

namespace test {

class Stage {
 public:
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  // Runs `task` until no task is left, and checks that the stage is as it should be at the end.
  void run(reactord::Task<> task) {
    test::run(reactor, std::move(task));
    check_end();
  }
  // The same with the task that `body` makes of this stage, which is of the type that `body` takes, and of the arguments.
  // A lambda without captures, or a function: a coroutine that is a lambda refers to what that has captured.
  template <typename Body, typename... Arguments>
  void run(Body body, Arguments&&... arguments) {
    run_with(+body, std::forward<Arguments>(arguments)...);
  }

  // Declared first: the descriptors are counted when all else is gone.
  DescriptorCheck descriptors;
  reactord::VirtualClock clock;
  std::string trace;  // what has happened, in order, for a test that notes it
  reactord::Reactor reactor{clock};

 private:
  virtual void check_end() {}

  template <typename On, typename... Parameters, typename... Arguments>
  void run_with(reactord::Task<> (*body)(On&, Parameters...), Arguments&&... arguments) {
    run(body(dynamic_cast<On&>(*this), std::forward<Arguments>(arguments)...));
  }
};

// The same on a Reactor that is no stage's.
template <typename Body, typename... Arguments>
void run(reactord::Reactor& reactor, Body body, Arguments&&... arguments) {
  run(reactor, (+body)(reactor, std::forward<Arguments>(arguments)...));
}

}  // namespace test
