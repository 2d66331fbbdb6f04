// Workers that fail, and whose fault it is.
#include <fstream>

#include "support/process.hpp"
#include "support/program_stage.hpp"

using reactord::Conn;
using reactord::Task;
using test::ProgramStage;
using namespace std::chrono_literals;

namespace {

const test::TemporaryDirectory& directory() {
  static const test::TemporaryDirectory made;
  return made;
}

}  // namespace

TEST_CASE("a worker that has just started does not hang because a line has waited for it") {
  ProgramStage stage({"/nowhere/upper"});
  stage.settings.timeout = 1s;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn early = on.connect();
    co_await test::say(early, "one\n");
    auto slept = co_await on.reactor.sleep(500ms);
    on.settings.command = {"sh", "-c", "until [ -e \"$0\" ]; do sleep 0.01; done; exec cat",
                           directory().path("go")};
    on.program->change(on.settings);
    Conn later = on.connect();
    co_await test::say(later, "two\n");
    std::string heard = co_await test::hear_to_end(early);
    CHECK(heard == "ERR no answer in 1s\n");
    std::ofstream(directory().path("go")).put('\n');
    heard = co_await test::hear(later, 4);
    CHECK(heard == "two\n");
    CHECK(on.programs.pids.size() == 1);
  });
}

TEST_CASE("a worker that writes a line without end for longer than the timeout hangs") {
  ProgramStage stage({"sh", "-c", "read -r line; while printf '1 half'; do sleep 0.02; done"});
  stage.settings.timeout = 200ms;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn client = on.connect();
    co_await test::say(client, "one\n");
    const std::string heard = co_await test::hear_to_end(client);
    CHECK(heard == "ERR no answer in 200ms\n");
    co_await on.until([](ProgramStage& so) { return so.programs.pids.size() == 2; });
  });
  CHECK(stage.programs.has("ended: signal: terminated, no answer in 200ms"));
}

TEST_CASE("lines of connections that have ended are not given to the worker that starts then") {
  ProgramStage stage({"/nowhere/upper"});
  stage.settings.timeout = 100ms;
  stage.run([](ProgramStage& on) -> Task<> {
    Conn gone = on.connect();
    co_await test::say(gone, "one\n");
    std::string heard = co_await test::hear_to_end(gone);
    CHECK(heard == "ERR no answer in 100ms\n");
    on.settings.timeout = 10s;
    on.settings.command = {"sh", "-c", "while read -r line; do echo \"$line\" >&2; echo \"$line\"; done"};
    on.program->change(on.settings);
    Conn client = on.connect();
    co_await test::say(client, "two\n");
    heard = co_await test::hear(client, 4);
    CHECK(heard == "two\n");
    co_await on.until([](ProgramStage& so) { return so.programs.has("said: 2 two"); });
  });
  CHECK(!stage.programs.has("said: 1 one"));
}

TEST_CASE("lines that wait for a worker go to another one when there are fewer after a reload") {
  for (const bool has_notices : {false, true}) {
    CAPTURE(has_notices);
    ProgramStage stage({"/nowhere/upper"});
    stage.settings.workers = 2;
    stage.settings.timeout = 2s;
    stage.settings.notices = has_notices;
    stage.run([](ProgramStage& on) -> Task<> {
      Conn first = on.connect();
      Conn second = on.connect();
      co_await test::say(first, "a\nb\n");
      co_await test::say(second, "a\nb\n");
      auto slept = co_await on.reactor.sleep(50ms);
      on.settings.workers = 1;
      on.settings.command = {"sh", "-c",
                             "while read -r id text; do case $id in *+|*-) ;; *) echo \"$id $text of "
                             "$REACTORD_WORKER\";; esac; done"};
      on.program->change(on.settings);
      for (Conn* const client : {&first, &second}) {
        const std::string heard = co_await test::hear(*client, 14);
        CHECK(heard == "a of 1\nb of 1\n");
        co_await test::say(*client, "c\n");
        const std::string later = co_await test::hear(*client, 7);
        CHECK(later == "c of 1\n");
      }
    });
  }
}
