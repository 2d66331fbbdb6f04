// One connection for many commands, and samples that are asked over it.
#include "control/top_session.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/top_sampler.hpp"
#include "reactord/line_reader.hpp"
#include "reactord/listener.hpp"
#include "reactord/reactor.hpp"
#include "support/process.hpp"

using namespace reactord;
using namespace reactord::control;

namespace {

constexpr std::string_view hang_up = "(hang up)";  // at the end of an answer

// A daemon on the same loop, which answers what the test says, and a session that asks it.
struct Stage {
  explicit Stage(std::function<std::string(std::string_view request)> answers) : answer(std::move(answers)) {
    auto opened = listen(reactor, "unix", path);
    REQUIRE(opened.has_value());
    listener.emplace(std::move(*opened));
    reactor.spawn(accept(*this));
  }

  // Runs `body` to its end.
  void run(Task<> (*body)(Stage&)) {
    reactor.spawn(run_to_end(*this, body));
    CHECK(reactor.run().has_value());
    CHECK(reactor.live_tasks() == 0);
  }

  static Task<> run_to_end(Stage& stage, Task<> (*body)(Stage&)) {
    Task<> running = body(stage);
    co_await std::move(running);
    stage.context.cancel();
    stage.end_all();
  }

  void end_all() {
    listener.reset();
    for (Conn* conn : open) conn->abort();
  }

  static Task<> accept(Stage& stage) {
    while (true) {
      auto conn = co_await stage.listener->accept();
      if (!conn) co_return;
      ++stage.connections;
      stage.reactor.spawn(serve(stage, std::move(*conn)));
    }
  }

  static Task<> serve(Stage& stage, Conn conn) {
    stage.open.push_back(&conn);
    LineReader lines(conn);
    while (true) {
      auto line = co_await lines.read_line();
      if (!line) break;
      stage.requests.emplace_back(*line);
      std::string answer = stage.answer(*line);
      const bool hangs_up = answer.ends_with(hang_up);
      if (hangs_up) answer.resize(answer.size() - hang_up.size());
      auto written = co_await conn.write(answer);
      if (!written || hangs_up) break;
    }
    std::erase(stage.open, &conn);
  }

  Task<TopSession::Answered> ask(std::string command, std::optional<std::uint64_t> on = {}) {
    return session.ask(std::move(command), on);
  }

  test::TemporaryDirectory directory;
  std::string path = directory.path("control.sock");
  std::function<std::string(std::string_view)> answer;
  std::vector<std::string> requests;
  int connections = 0;
  std::vector<Conn*> open;
  Reactor reactor;
  Context context{reactor};
  TopSession session{context, path, 60s};
  std::optional<Listener> listener;
};

}  // namespace

TEST_SUITE("reactordctl top: the session") {
  TEST_CASE("commands follow each other on one connection, whatever becomes of them") {
    Stage stage([](std::string_view request) {
      return request == "wrong" ? std::string("ERR unknown command\n")
                                : "a\n" + std::string(request) + "\nOK\n";
    });
    stage.run([](Stage& on) -> Task<> {
      CHECK(on.session.number() == 0);
      for (const std::string command : {"stats", "wrong", "limits"}) {
        Task<TopSession::Answered> asking = on.ask(command);
        auto answered = co_await std::move(asking);
        CHECK(answered.outcome.status == (command == "wrong" ? exit_refused : exit_done));
        CHECK(answered.outcome.why == (command == "wrong" ? "unknown command" : ""));
        CHECK(answered.text == (command == "wrong" ? "" : "a\n" + command + "\n"));
      }
      CHECK(on.connections == 1);
      CHECK(on.session.number() == 1);
    });
  }

  TEST_CASE("a connection that has ended meanwhile is made again, but for what is of that one alone") {
    Stage stage([](std::string_view) { return "OK\n" + std::string(hang_up); });
    stage.run([](Stage& on) -> Task<> {
      for (int round = 0; round < 3; ++round) {
        Task<TopSession::Answered> asking = on.ask("stats");
        auto answered = co_await std::move(asking);
        CHECK(answered.outcome.status == exit_done);
      }
      CHECK(on.connections == 3);
      CHECK(on.session.number() == 3);
      for (const std::uint64_t number : {std::uint64_t{3}, std::uint64_t{2}}) {
        Task<TopSession::Answered> killing = on.ask("kill 7", number);
        auto killed = co_await std::move(killing);
        CHECK(killed.outcome.status == exit_unanswered);
      }
      CHECK(on.connections == 3);
      CHECK(std::ranges::count(on.requests, "kill 7") == 0);
    });
  }

  TEST_CASE("a command on its connection is answered, and on a former one not asked") {
    Stage stage([](std::string_view) { return std::string("OK\n"); });
    stage.run([](Stage& on) -> Task<> {
      Task<TopSession::Answered> asking = on.ask("stats");
      auto answered = co_await std::move(asking);
      Task<TopSession::Answered> killing = on.ask("kill 7", 1);
      auto killed = co_await std::move(killing);
      CHECK(killed.outcome.status == exit_done);
      Task<TopSession::Answered> other = on.ask("kill 8", 0);
      auto refused = co_await std::move(other);
      CHECK(refused.outcome.why == "the daemon has hung up, and was not asked");
      CHECK(on.requests == std::vector<std::string>{"stats", "kill 7"});
    });
  }

  TEST_CASE("an answer that breaks off is not asked for again") {
    Stage stage([](std::string_view request) {
      return request == "stats" ? "OK\n" : "half\n" + std::string(hang_up);
    });
    stage.run([](Stage& on) -> Task<> {
      Task<TopSession::Answered> first = on.ask("stats");
      auto answered = co_await std::move(first);
      Task<TopSession::Answered> second = on.ask("limits");
      auto broken = co_await std::move(second);
      CHECK(broken.outcome.status == exit_unanswered);
      CHECK(broken.outcome.why.ends_with(
          "the daemon hung up before the end of its answer: its log may say why"));
      CHECK(broken.text.empty());
      CHECK(on.requests == std::vector<std::string>{"stats", "limits"});
    });
  }

  TEST_CASE("an answer has a bound") {
    Stage stage([](std::string_view) { return std::string(TopSession::longest_answer + 1, 'x') + "\nOK\n"; });
    stage.run([](Stage& on) -> Task<> {
      Task<TopSession::Answered> asking = on.ask("stats");
      auto answered = co_await std::move(asking);
      CHECK(answered.outcome.why == on.path + ": its answer is longer than 16MiB");
    });
  }

  TEST_CASE("where nobody listens, and once its context is done, it fails") {
    Stage stage([](std::string_view) { return std::string("OK\n"); });
    stage.run([](Stage& on) -> Task<> {
      TopSession elsewhere(on.context, on.directory.path("none.sock"), 60s);
      Task<TopSession::Answered> asking = elsewhere.ask("stats");
      auto answered = co_await std::move(asking);
      CHECK(answered.outcome.status == exit_unanswered);
      CHECK(answered.outcome.why.contains("there is no such socket"));
      on.context.cancel();
      Task<TopSession::Answered> late = on.ask("stats");
      auto failed = co_await std::move(late);
      CHECK(failed.outcome.status == exit_unanswered);
      CHECK(on.requests.empty());
    });
  }
}

TEST_SUITE("reactordctl top: sampling") {
  TEST_CASE("a daemon of another version may refuse all but stats") {
    Stage stage([](std::string_view request) {
      return request == "stats --json" ? std::string("{\"pid\":7}\nOK\n")
                                       : std::string("ERR unknown command\n");
    });
    stage.run([](Stage& on) -> Task<> {
      TopSampler sampler(on.session);
      Task<TopSampler::Taken> taking = sampler.take({.query = "sort=id", .connection = 7});
      auto taken = co_await std::move(taking);
      CHECK(taken.outcome.status == exit_done);
      CHECK(taken.sample.pid == 7);
      CHECK(taken.mistake == "unknown command");
      CHECK(taken.connection == std::vector<std::string>{"unknown command"});
      CHECK(taken.asked_on == 1);
      CHECK(on.requests == std::vector<std::string>{"stats --json", "limits --json", "metrics",
                                                    "programs --json", "connections sort=id --json",
                                                    "connection 7"});
    });
  }

  TEST_CASE("what it says and is no answer is told") {
    Stage stage([](std::string_view request) {
      return request == "stats --json" ? std::string("ERR your user may not command this daemon\n")
                                       : std::string("OK\n");
    });
    stage.run([](Stage& on) -> Task<> {
      TopSampler sampler(on.session);
      Task<TopSampler::Taken> refused = sampler.take({});
      auto taken = co_await std::move(refused);
      CHECK(taken.outcome.status == exit_refused);
      CHECK(taken.outcome.why == "your user may not command this daemon");
      on.answer = [](std::string_view) { return std::string("{\"pid\":\nOK\n"); };
      Task<TopSampler::Taken> broken = sampler.take({});
      taken = co_await std::move(broken);
      CHECK(taken.outcome.status == exit_unanswered);
      CHECK(taken.outcome.why.contains(": the answer to stats is not understood: byte "));
    });
  }

  TEST_CASE("a sample of two connections may be one of two daemons") {
    Stage stage([](std::string_view request) {
      return request == "metrics" ? "OK\n" + std::string(hang_up)
                                  : std::string(request.starts_with("stats") ? "{}\nOK\n" : "[]\nOK\n");
    });
    stage.run([](Stage& on) -> Task<> {
      TopSampler sampler(on.session);
      Task<TopSampler::Taken> taking = sampler.take({.query = "sort=id", .connection = {}});
      auto taken = co_await std::move(taking);
      CHECK(taken.outcome.status == exit_done);
      CHECK(on.connections == 2);
      CHECK(taken.asked_on == 0);
    });
  }
}
