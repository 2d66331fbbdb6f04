// What a run of reactord-load measures, counts and tells, where servers are slow, silent or gone.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "daemon/load_faults.hpp"
#include "load/report_json.hpp"

using namespace std::chrono_literals;
using test::Load;
using test::Port;
using test::Served;
using Words = std::vector<std::string>;

namespace {

struct Measured {
  int status;
  std::string output, errors;
  reactord::LoadResult result;
};

Measured measure(Words words) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.path("result.json");
  words.insert(words.begin(), {"--json", path});
  Load load(words);
  Measured measured{0, load.output(), load.errors(), {}};
  measured.status = load.wait();
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  auto result = reactord::read_report_json(text.str());
  REQUIRE(result.has_value());
  measured.result = std::move(*result);
  return measured;
}

std::string written(const test::TemporaryDirectory& directory, const std::string& text) {
  const std::string path = directory.path("a.load");
  std::ofstream(path) << text;
  return path;
}

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string reply_to(std::string_view lines) {
  std::string replies;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    replies += "Server: " + std::string(lines.substr(0, end));
    lines.remove_prefix(end == 0 ? lines.size() : end);
  }
  return replies;
}

bool answer(int fd, std::string_view lines) {
  const std::string replies = reply_to(lines);
  return ::send(fd, replies.data(), replies.size(), MSG_NOSIGNAL) >= 0;
}

Served::Serve answer_after(std::chrono::milliseconds time) {
  return [time](int fd, std::string_view lines) {
    std::this_thread::sleep_for(time);
    return answer(fd, lines);
  };
}

}  // namespace

TEST_SUITE("load measures") {
  TEST_CASE("a last reply that is slower than any drain was is waited for as long as --timeout says") {
    const test::TemporaryDirectory directory;
    const std::string script = written(directory, "send \"a\\n\"\nsleep 100ms\nexpect \"Server: a\\n\"\n");
    for (const Words& more :
         std::vector<Words>{{}, {"-R", "10"}, {"-s", script}, {"--connection-per-request"}}) {
      const Served server(answer_after(2500ms));
      const Measured slow =
          measure(more + Words{"-c", "1", "-d", "50ms", "--timeout", "5s", server.target()});
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
        written(directory,
                "mix 1\nsend \"a\\n\"\nrepeat 2\nsleep 1ms\nend\nrepeat forever\nrepeat 3\nsleep "
                "1ms\nend\nrepeat 2\nsleep 1ms\nend\nend\n"
                "mix 1\nsend \"a\\n\"\nexpect \"b\\n\"\n");
    const Measured slept =
        measure({"-s", script, "-c", "2", "-d", "50ms", "--timeout", "200ms", silent.target()});
    CHECK(slept.status == 2);
  }
}
