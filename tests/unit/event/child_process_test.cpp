// The loop learns the end of a program once, kills what it left behind, and leaves no zombie.
#include "event/child_process.hpp"

#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include "reactord/reactor.hpp"
#include "support/fail_next.hpp"
#include "support/launched.hpp"
#include "support/stage.hpp"

using reactord::ChildPipe;
using reactord::ChildProcess;
using reactord::ChildStatus;
using reactord::FileDescriptor;
using reactord::Launch;
using reactord::Reactor;
using reactord::Task;
using test::launch_of;
using test::shell;
using namespace std::chrono_literals;

namespace {

// No child of this process is left, alive or as a zombie.
struct ChildCheck {
  ChildCheck() = default;
  ChildCheck(const ChildCheck&) = delete;
  ChildCheck& operator=(const ChildCheck&) = delete;
  ~ChildCheck() {
    siginfo_t any{};
    const int result = ::waitid(P_ALL, 0, &any, WEXITED | WNOHANG | WNOWAIT);
    const int saved = errno;
    CHECK(result == -1);
    CHECK(saved == ECHILD);
  }
};

// Real programs take real time.
struct RealStage {
  RealStage() = default;
  ChildCheck children;
  test::DescriptorCheck descriptors;
  Reactor reactor;

  ChildProcess start(const Launch& launch) {
    auto child = ChildProcess::start(reactor, launch);
    if (!child) FAIL(child.error().text());
    return *std::move(child);
  }
};

// The same where an hour passes at once.
struct ChildStage : test::Stage {
  ChildCheck children;
  ChildProcess start(const Launch& launch) {
    auto child = ChildProcess::start(reactor, launch);
    if (!child) FAIL(child.error().text());
    return *std::move(child);
  }
};

// A program and what it prints.
struct Program {
  std::optional<ChildProcess> child;
  FileDescriptor output;

  // The first line, and so the program has come as far as that.
  std::string line() const {
    constexpr auto most = std::chrono::duration_cast<std::chrono::milliseconds>(test::patience);
    std::string text;
    for (char byte = 0; byte != '\n'; text += byte) {
      REQUIRE(reactord::system::wait_until_readable(output.get(), most));
      REQUIRE(::read(output.get(), &byte, 1) == 1);
    }
    return text.substr(0, text.size() - 1);
  }
};

template <typename Stage>
Program program(Stage& on, Launch launch) {
  auto pipe = ChildPipe::from_child();
  REQUIRE(pipe.has_value());
  launch.output = pipe->theirs.get();
  return {.child = on.start(launch), .output = std::move(pipe->ours)};
}

struct Told : reactord::ChildListener {
  void on_child_ended(ChildStatus status) override {
    text += status.text() + ';';
    if (let_go != nullptr) let_go->reset();
  }
  std::string text;
  std::optional<ChildProcess>* let_go = nullptr;
};

Task<> wait_for(ChildProcess& child, std::string& text) {
  auto ended = co_await child.ended();
  text += (ended.has_value() ? ended->text() : ended.error().text()) + ';';
}

bool is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace

TEST_CASE("the end of a program is told to all who wait, then to the listener, and to who comes later") {
  RealStage stage;
  ChildProcess child = stage.start(shell("exit 3"));
  CHECK_FALSE(child.has_ended());
  CHECK(child.status() == ChildStatus());
  Told told;
  child.set_listener(&told);
  std::string text;
  stage.reactor.spawn(wait_for(child, text));
  test::run(stage.reactor, wait_for(child, text));
  CHECK(text == "exit status 3;exit status 3;");
  CHECK(told.text == "exit status 3;");
  CHECK(child.has_ended());
  CHECK(child.status().exit_code() == 3);
  test::run(stage.reactor, wait_for(child, text));
  CHECK(text == "exit status 3;exit status 3;exit status 3;");
}

TEST_CASE("the listener may let go of the program that has ended") {
  RealStage stage;
  std::optional<ChildProcess> child(stage.start(launch_of({"/bin/true"})));
  Told told;
  told.let_go = &child;
  child->set_listener(&told);
  static constexpr auto until_told = [](Reactor& reactor, Told& of) -> Task<> {
    co_await test::until(reactor, [&of] { return !of.text.empty(); });
  };
  test::run(stage.reactor, until_told(stage.reactor, told));
  CHECK(told.text == "exit status 0;");
  CHECK_FALSE(child.has_value());
}

TEST_CASE("a program that can't be started is no child") {
  RealStage stage;
  const auto child = ChildProcess::start(stage.reactor, launch_of({"/nowhere"}));
  REQUIRE_FALSE(child.has_value());
  CHECK(child.error().text() == "exec /nowhere: no such file or directory");
}

TEST_CASE("a program that the Reactor can't watch is killed and reaped") {
  RealStage stage;
  const test::FailNext fail(test::Call::epoll_ctl, ENOSPC);
  const auto child = ChildProcess::start(stage.reactor, launch_of({"/bin/sleep", "1000"}));
  REQUIRE_FALSE(child.has_value());
  CHECK(child.error().text() == "epoll_ctl: no space left on device");
}

TEST_CASE("what a program left behind is killed at its end, and its output ends") {
  RealStage stage;
  Program left = program(stage, shell("sleep 1000 & exit 0"));
  std::string text;
  test::run(stage.reactor, wait_for(*left.child, text));
  CHECK(text == "exit status 0;");
  CHECK(test::read_all(left.output.get()).empty());  // to its end: nobody has it open
}

TEST_CASE("a signal goes to the whole group, and to nobody once the program has ended") {
  RealStage stage;
  Program both = program(stage, shell("trap 'echo got' USR1; (trap 'echo got; exit' USR1; echo ready; "
                                      "while :; do sleep 0.01; done) & wait; wait"));
  CHECK(both.line() == "ready");
  both.child->signal_group(SIGUSR1);
  CHECK(both.line() == "got");
  CHECK(both.line() == "got");
  std::string text;
  test::run(stage.reactor, wait_for(*both.child, text));
  both.child->signal_group(SIGKILL);
  both.child->end(0s);
  CHECK(text == "exit status 0;");
}

TEST_CASE("end asks with SIGTERM, also a program that is stopped") {
  for (const char* const commands : {"echo ready; while :; do sleep 0.01; done",
                                     "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done"}) {
    RealStage stage;
    Program asked = program(stage, shell(commands));
    CHECK(asked.line() == "ready");
    asked.child->signal_group(SIGSTOP);
    asked.child->end(1h);
    std::string text;
    test::run(stage.reactor, wait_for(*asked.child, text));
    CHECK((text == "signal: terminated;" || text == "exit status 5;"));
  }
}

TEST_CASE("end kills after its grace, and a second call makes it sooner only") {
  ChildStage stage;
  Program deaf = program(stage, shell("trap '' TERM; echo ready; while :; do sleep 1000; done"));
  CHECK(deaf.line() == "ready");
  const auto began = stage.reactor.now();
  deaf.child->end(10s);
  deaf.child->end(1h);
  std::string text;
  stage.run(wait_for(*deaf.child, text));
  CHECK(text == "signal: killed;");
  CHECK(stage.reactor.now() == began + 10s);
}

TEST_CASE("end without grace kills at once") {
  ChildStage stage;
  Program deaf = program(stage, shell("trap '' TERM; echo ready; while :; do sleep 1000; done"));
  CHECK(deaf.line() == "ready");
  deaf.child->end(0s);
  std::string text;
  stage.run(wait_for(*deaf.child, text));
  CHECK(text == "signal: killed;");
}

TEST_CASE("a program that is let go of is killed, reaped by the loop, and told to nobody") {
  RealStage stage;
  Told told;
  Program left = program(stage, launch_of({"/bin/sleep", "1000"}));
  left.child->set_listener(&told);
  const pid_t pid = left.child->pid();
  left.child.reset();
  REQUIRE(stage.reactor.run().has_value());  // until it has been reaped
  CHECK(is_gone(pid));
  CHECK(told.text.empty());
}

TEST_CASE("a wait ends with closed when the program is let go of") {
  RealStage stage;
  std::optional<ChildProcess> child(stage.start(launch_of({"/bin/sleep", "1000"})));
  std::string text;
  static constexpr auto let_go = [](Reactor& reactor, std::optional<ChildProcess>& of) -> Task<> {
    co_await reactor.next_turn();
    of.reset();
  };
  stage.reactor.spawn(wait_for(*child, text));
  test::run(stage.reactor, let_go(stage.reactor, child));
  CHECK(text == "wait: what the task waited for has been closed;");
}

TEST_CASE("a wait for the end has a limit, and the program runs on") {
  ChildStage stage;
  ChildProcess child = stage.start(launch_of({"/bin/sleep", "1000"}));
  static constexpr auto wait = [](ChildStage& on, ChildProcess& of) -> Task<> {
    auto ended = co_await of.ended(on.reactor.now() + 5s);
    REQUIRE_FALSE(ended.has_value());
    CHECK(ended.error().timeout());
    CHECK_FALSE(of.has_ended());
    of.end(0s);
    auto killed = co_await of.ended();
    REQUIRE(killed.has_value());
    CHECK(killed->signal() == SIGKILL);
  };
  stage.run(wait(stage, child));
}

TEST_CASE("a shutdown kills and reaps, and tells it") {
  RealStage stage;
  ChildProcess child = stage.start(launch_of({"/bin/sleep", "1000"}));
  ChildProcess other = stage.start(launch_of({"/bin/sleep", "1000"}));
  Told told;
  child.set_listener(&told);
  std::string text;
  stage.reactor.spawn(wait_for(other, text));
  stage.reactor.stop();
  REQUIRE(stage.reactor.run().has_value());
  stage.reactor.shutdown();
  CHECK(told.text == "signal: killed;");
  CHECK(text == "signal: killed;");
  CHECK(child.has_ended());
}

TEST_CASE("a program that ends before the loop looks is not missed") {
  RealStage stage;
  ChildProcess child = stage.start(launch_of({"/bin/true"}));
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid()), &ended, WEXITED | WNOWAIT) == 0);
  std::string text;
  test::run(stage.reactor, wait_for(child, text));
  CHECK(text == "exit status 0;");
}

TEST_CASE("a hundred programs at once end in any order, and each is told") {
  RealStage stage;
  std::vector<ChildProcess> children;
  for (int code = 0; code < 100; ++code)
    children.push_back(stage.start(shell("exit " + std::to_string(code))));
  static constexpr auto wait_for_all = [](std::vector<ChildProcess>& all) -> Task<> {
    for (std::size_t code = 0; code < all.size(); ++code) {
      auto ended = co_await all[code].ended();
      REQUIRE(ended.has_value());
      CHECK(ended->exit_code() == static_cast<int>(code));
    }
  };
  test::run(stage.reactor, wait_for_all(children));
}

TEST_CASE("a status is told in Go's words") {
  siginfo_t ended{};
  const auto text = [&](int code, int status) {
    ended.si_code = code;
    ended.si_status = status;
    return ChildStatus(ended).text();
  };
  CHECK(text(CLD_EXITED, 0) == "exit status 0");
  CHECK(text(CLD_EXITED, 255) == "exit status 255");
  CHECK(text(CLD_KILLED, SIGKILL) == "signal: killed");
  CHECK(text(CLD_KILLED, SIGPIPE) == "signal: broken pipe");
  CHECK(text(CLD_DUMPED, SIGSEGV) == "signal: segmentation fault (core dumped)");
  CHECK(text(CLD_KILLED, 40) == "signal: signal 40");
  CHECK(ChildStatus().text() == "status unknown");
}
