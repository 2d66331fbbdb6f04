// What a run of reactord-load measures, counts and tells, where servers are slow, silent or gone.
#include <doctest/doctest.h>

#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "daemon/load_faults.hpp"
#include "load/crew/crew.hpp"

using namespace std::chrono_literals;
using test::Load;
using test::Port;
using test::Served;
using test::Words;
using test::operator+;

namespace {

struct Measured {
  int status;
  std::string output, errors;
  reactord::load::LoadResult result;
};

// A run that goes on, until end() has waited for it.
class Measuring {
 public:
  explicit Measuring(const Words& words) : load_(words + Words{"--json", path_}) {}
  const Load& load() const { return load_; }
  Measured end() {
    Measured measured{0, load_.output(), load_.errors(), {}};
    measured.status = load_.wait();
    measured.result = test::read_result(path_);
    return measured;
  }

 private:
  const test::TemporaryDirectory directory_;
  const std::string path_ = directory_.path("result.json");
  Load load_;
};

Measured measure(const Words& words) { return Measuring(words).end(); }

Served::Serve answer_after(std::chrono::milliseconds time) {
  return [time](int fd, std::string_view lines) {
    std::this_thread::sleep_for(time);
    return test::answer(fd, lines);
  };
}

// Runs `words`, and keeps the process that does from running for `stopped`, once the server has had ten requests.
Measured measure_stopped(const Served& server, Words words, std::chrono::milliseconds stopped) {
  Measuring measuring(words + Words{server.target()});
  test::wait_until("requests come", [&] { return server.lines() > 10; });
  const pid_t worker = measuring.load().workers().front();
  ::kill(worker, SIGSTOP);
  std::this_thread::sleep_for(stopped);
  ::kill(worker, SIGCONT);
  return measuring.end();
}

}  // namespace

TEST_SUITE("load measures") {
  TEST_CASE("a last reply that is slower than any drain was is waited for as long as --timeout says") {
    const test::TemporaryDirectory directory;
    const std::string script =
        test::written(directory, "send \"a\\n\"\nsleep 100ms\nexpect \"Server: a\\n\"\n");
    std::deque<Served> servers;
    std::deque<Measuring> runs;
    for (const Words& more :
         std::vector<Words>{{}, {"-R", "10"}, {"-s", script}, {"--connection-per-request"}}) {
      servers.emplace_back(answer_after(2500ms));
      runs.emplace_back(more + Words{"-c", "1", "-d", "50ms", "--timeout", "5s", servers.back().target()});
    }
    for (Measuring& run : runs) {
      const Measured slow = run.end();
      INFO(slow.output << slow.errors);
      CHECK(slow.status == 0);
      CHECK(slow.result.errors.empty());
      CHECK(slow.result.in_flight_at_end == 1);
      CHECK(slow.result.response.count() == 1);
      CHECK(slow.result.response.max() >= 2'400'000'000);
    }
  }

  TEST_CASE("a script that only sleeps and repeats, with a reply to wait for, ends") {
    const Served silent([](int, std::string_view) { return true; });
    const test::TemporaryDirectory directory;
    const std::string script =
        test::written(directory,
                      "mix 1\nsend \"a\\n\"\nrepeat 2\nsleep 1ms\nend\nrepeat forever\nrepeat 3\nsleep "
                      "1ms\nend\nrepeat 2\nsleep 1ms\nend\nend\n"
                      "mix 1\nsend \"a\\n\"\nexpect \"b\\n\"\n");
    const Measured slept =
        measure({"-s", script, "-c", "2", "-d", "50ms", "--timeout", "200ms", silent.target()});
    CHECK(slept.status == 2);
  }

  TEST_CASE("requests that were never answered are in the percentiles, and conditions see them") {
    const Served silent([](int, std::string_view) { return true; });
    for (const Words& more : std::vector<Words>{{"-P", "3"}, {"-R", "100"}, {"-R", "100", "-P", "50"}}) {
      const Measured none = measure(more + Words{"-c", "1", "-d", "300ms", "--timeout", "200ms", "--fail-if",
                                                 "p50>150ms", "--fail-if", "unanswered>0%", silent.target()});
      INFO(none.output << none.errors);
      CHECK(none.status == 2);
      CHECK(none.result.unanswered == none.result.response.count());
      CHECK(none.result.unanswered > 0);
      CHECK(none.result.response.min() >= 200'000'000);
      CHECK(none.output.contains(" (100.00%) had no answer: counted with their timeout at least"));
      CHECK(none.errors.contains("--fail-if p50>150ms: p50 is 2"));
      CHECK(none.errors.contains("--fail-if unanswered>0%: unanswered is 100.00%"));
      if (more.front() == "-R") CHECK(none.result.response.count() == 30);
    }
  }

  TEST_CASE("replies lost to a reset, and visits that were refused, are in the percentiles too") {
    const Served breaking([](int, std::string_view) { return false; });
    const Measured lost =
        measure({"-c", "1", "-R", "100", "-d", "300ms", "--timeout", "1s", breaking.target()});
    CHECK(lost.result.unanswered == 30);
    CHECK(lost.result.response.count() == 30);
    CHECK(lost.result.response.min() >= 1'000'000'000);
    std::string target;
    { target = Port().target(); }
    const Measured refused =
        measure({"-c", "10", "--connect-rate", "100", "-d", "300ms", "--timeout", "1s", target});
    CHECK(refused.result.unanswered == refused.result.response.count());
    CHECK(refused.result.response.min() >= 1'000'000'000);
    CHECK(refused.result.sent == 0);
  }

  TEST_CASE("the window opens before the first request, and all that were due are in it") {
    const Served server(test::answer);
    const Measured one = measure({"-c", "1", "-R", "1", "-d", "500ms", server.target()});
    CHECK(one.status == 0);
    CHECK(one.result.requests == 1);
    CHECK(one.result.sent == 1);
    const Measured many =
        measure({"-c", "4", "-R", "100", "-d", "500ms", "--warmup", "200ms", server.target()});
    CHECK(many.result.response.count() == 50);
    CHECK(many.result.warmup_sent == 20);
  }

  TEST_CASE("what was sent and answered in all is what the server has counted") {
    const test::TemporaryDirectory directory;
    const std::string script =
        test::written(directory, "repeat forever\nsend \"a\\n\"\nexpect \"Server: a\\n\"\nsleep 1ms\nend\n");
    for (const Words& more :
         std::vector<Words>{{"-P", "4"}, {"-R", "2k"}, {"--connection-per-request"}, {"-s", script}}) {
      const Served server(test::answer);
      const Measured measured =
          measure(more + Words{"-c", "3", "-t", "2", "-d", "200ms", "--warmup", "100ms", server.target()});
      INFO(measured.output);
      CHECK(measured.result.total_sent() == server.lines());
      CHECK(measured.result.total_answered() == server.lines());
      CHECK(measured.result.warmup_sent > 0);
      const std::string all = std::to_string(server.lines());
      CHECK(measured.output.contains("  In all: " + all + " sent, " + all + " answered; in the warm-up "));
    }
  }

  TEST_CASE("a generator that is late by itself does not blame the server, and sends what it owes") {
    for (const char* duration : {"400ms", "2s"}) {  // it is stopped when the run ends, and in its middle
      const Served server(test::answer);
      const Measured late = measure_stopped(server, {"-c", "10", "-R", "1000", "-d", duration}, 600ms);
      INFO(late.output << late.errors);
      CHECK_FALSE(late.result.errors.contains("send overdue"));
      CHECK(late.status == 0);
      CHECK(late.result.late_by_generator > 200);
      CHECK(late.result.late_by_generator <= late.result.late_sends);
      CHECK(late.result.is_bottleneck);
      CHECK(late.output.starts_with("BOTTLENECK: "));
      CHECK(late.output.contains(std::to_string(late.result.late_by_generator) + " by the generator itself"));
    }
  }

  TEST_CASE("what a late generator never sent is told as that, and as a bottleneck") {
    const Served slow(answer_after(20ms));
    const Measured late =
        measure_stopped(slow, {"-c", "1", "-R", "40", "-d", "700ms", "--fail-if", "p99>10ms"}, 1500ms);
    INFO(late.output << late.errors);
    CHECK_FALSE(late.result.errors.contains("send overdue"));
    CHECK(late.status == 1);
    CHECK(late.errors.contains("FAILED: the generator itself was late: "));
    CHECK(late.errors.contains("the generator was the bottleneck: it says little of the server"));
    CHECK(late.result.unsent_by_generator > 0);
    CHECK(late.result.response.count() == 28);
    CHECK(late.output.starts_with("BOTTLENECK: "));
  }

  TEST_CASE("what finds no connection free since the server is slow is not the generator's") {
    const Served slow(answer_after(50ms));
    const Measured overdue = measure({"-c", "1", "-R", "100", "-d", "400ms", slow.target()});
    INFO(overdue.output << overdue.errors);
    CHECK(overdue.result.errors.contains("send overdue"));
    CHECK(overdue.result.unsent_by_generator == 0);
    CHECK(overdue.result.late_by_generator < overdue.result.late_sends);
    CHECK(overdue.result.response.count() == 40);
  }

  TEST_CASE("a host may be a name, and the address of it that takes connections is loaded") {
    const Served server(test::answer);  // on 127.0.0.1 alone
    const std::string port = server.target().substr(server.target().rfind(':'));
    const Measured named = measure({"-c", "4", "-d", "100ms", "line@localhost" + port});
    INFO(named.errors);
    CHECK(named.status == 0);
    CHECK(named.result.requests > 0);
    CHECK(named.result.connections_opened == 4);
    CHECK(named.result.configuration.front().second == "line@localhost" + port);
  }

  TEST_CASE("what was not measured is null in the file, and a dash in the report") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("result.json");
    const std::string target = Port().target();
    Load load({"-c", "2", "-d", "100ms", "--json", path, target});
    const std::string output = load.output();
    CHECK(load.wait() == 1);
    CHECK(output.contains("    Latency            -         -         -           -\n"));
    CHECK(output.contains("Requests/sec:         -\n"));
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    CHECK(text.str().contains("\"p99_ns\": null"));
    CHECK(text.str().contains("\"requests_per_second\": null"));
    CHECK(text.str().contains("\"cpu_share\": null"));
    CHECK(text.str().contains("\"late_sends\": null"));
    CHECK(reactord::load::read_result_json(text.str()).has_value());
  }

  TEST_CASE("progress is told while connections open, and while it warms up") {
    struct Told final : reactord::load::CrewObserver {
      void on_second(std::size_t, const reactord::load::LoadSecond&) override { ++seconds; }
      void on_prelude(reactord::load::Progress::Phase phase,
                      const reactord::load::LoadSecond& so_far) override {
        const bool opens = phase == reactord::load::Progress::Phase::opening;
        (opens ? opening : warm_up).push_back(so_far);
      }
      void on_interrupted() override {}
      std::vector<reactord::load::LoadSecond> opening, warm_up;
      int seconds = 0;
    };
    const test::Daemon daemon;
    reactord::load::LoadOptions options;
    {
      std::vector<std::string> words{"reactord-load",
                                     "-t",
                                     "2",
                                     "-c",
                                     "4",
                                     "--ramp",
                                     "3s",
                                     "-d",
                                     "100ms",
                                     "--warmup",
                                     "2500ms",
                                     "line@" + daemon.address()};
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      auto parsed = reactord::load::parse_load_options(static_cast<int>(words.size()), arguments.data());
      REQUIRE(parsed.has_value());
      options = std::move(*parsed);
    }
    Told told;
    const reactord::load::CrewRun run = reactord::load::run_crew(options, told);
    if (run.is_worker) ::_exit(0);
    CHECK(run.failure.empty());
    CHECK(run.result.errors.empty());
    REQUIRE_FALSE(told.opening.empty());
    CHECK(told.opening.front().open_connections >= 1);
    CHECK(told.opening.front().open_connections < 4);
    REQUIRE(told.warm_up.size() >= 2);
    CHECK(told.warm_up.back().open_connections == 4);
    CHECK(told.warm_up.back().requests > 0);
    CHECK(told.seconds == 1);
  }

  TEST_CASE("a long expect costs what its bytes cost, however many pieces they come in") {
    const test::TemporaryDirectory directory;
    const std::string reply(std::size_t{60} * 1024 * 1024, 'x'), line(std::size_t{1000} * 1024, 'y');
    std::ofstream(directory.path("reply")) << reply;
    for (const auto& [sent, script] :
         {std::pair{reply, std::string("send \"a\\n\"\nexpect \"{file:reply}\"\n")},
          std::pair{line + '\n', std::string("send \"a\\n\"\nexpect-line \"yy\"\n")}}) {
      const Served server([&sent](int fd, std::string_view) {
        for (std::string_view left = sent; !left.empty();) {  // in small pieces
          const ssize_t count =
              ::send(fd, left.data(), std::min<std::size_t>(left.size(), 16 * 1024), MSG_NOSIGNAL);
          if (count < 0) return false;
          left.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
      });
      const Measured large = measure({"-s", test::written(directory, script), "-c", "1", "-d", "100ms",
                                      "--timeout", "60s", server.target()});
      INFO(large.output);
      CHECK(large.status == 0);
      CHECK(large.result.response.count() > 0);
      if (!test::is_sanitized()) CHECK(large.result.response.at(0.5) < 1'000'000'000);
    }
  }

  TEST_CASE("requests that were never sent are counted at once, however many, also after a signal") {
    const Served silent([](int, std::string_view) { return true; });
    const auto begun = test::Clock::now();
    const Measured many =
        measure({"-c", "1", "-R", "100M", "-d", "2s", "--timeout", "100ms", silent.target()});
    CHECK(test::Clock::now() - begun < 30s);  // one by one they take hours
    CHECK(many.result.response.count() == 200'000'000);
    Load load({"-c", "1", "-R", "100M", "-d", "60s", "--timeout", "100ms", silent.target()});
    const std::uint64_t before = silent.lines();
    test::wait_until("requests come", [&] { return silent.lines() > before + 5; });
    load.signal(SIGINT);
    const auto told = test::Clock::now();
    load.output();
    CHECK(load.wait() != 0);
    CHECK(test::Clock::now() - told < 30s);  // half of its time
  }

  TEST_CASE("the lowest rate sends its first request, and ends in time") {
    const Served server(test::answer);
    const Measured rare = measure({"-c", "1", "-t", "1", "-R", "0.0001", "-d", "100ms", server.target()});
    CHECK(rare.status == 0);
    CHECK(rare.result.sent == 1);
  }

  TEST_CASE("no output is written over what was read, nor over another") {
    const Served server(test::answer);
    const test::TemporaryDirectory directory;
    const std::string script = test::written(directory, "send \"{file:body}\\n\"\nexpect-line\n"),
                      body = directory.path("body");
    const std::string link = directory.path("link.load"), result = directory.path("result.json");
    std::ofstream(body) << "text";
    std::filesystem::create_symlink(script, link);
    const auto text_of = [](const std::string& path) {
      std::stringstream text;
      text << std::ifstream(path).rdbuf();
      return text.str();
    };
    const std::string before = text_of(script);
    const auto check_refused = [&](const Words& words, const std::string& path) {
      Load load(words);
      const std::string errors = load.errors();
      INFO(errors);
      CHECK(load.wait() == 64);
      CHECK(errors.starts_with("FAILED: " + path + ": "));
    };
    for (const std::string& path : {script, link, body})
      check_refused({"-s", script, "-d", "50ms", "--json", path, server.target()}, path);
    check_refused({"-s", script, "-d", "50ms", "--plot", script, server.target()}, script);
    check_refused({"--send", "{file:" + body + "}\\n", "-d", "50ms", "--json", body, server.target()}, body);
    check_refused(
        {"-d", "50ms", "--json", result, "--plot", directory.path("./result.json"), server.target()},
        directory.path("./result.json"));
    CHECK(text_of(script) == before);
    CHECK(text_of(body) == "text");
    CHECK(measure({"-d", "50ms", server.target()}).status == 0);
    Load load({"-q", "-d", "50ms", "--json", result, server.target()});
    CHECK(load.wait() == 0);
    check_refused({"--json", result, "--compare", result, result}, result);
    CHECK(reactord::load::read_result_json(text_of(result)).has_value());
  }

  TEST_CASE("a comparison is written as a file too") {
    const Served server(test::answer);
    const test::TemporaryDirectory directory;
    const std::string result = directory.path("result.json"), compared = directory.path("compared.json");
    CHECK(Load({"-q", "-d", "50ms", "--json", result, server.target()}).wait() == 0);
    Load load({"-q", "--json", compared, "--compare", result, result});
    CHECK(load.output().empty());
    CHECK(load.wait() == 0);
    std::stringstream text;
    text << std::ifstream(compared).rdbuf();
    CHECK(text.str().contains("\"ratio\": 1"));
  }
}
