// The command line of reactordctl.
#include "control/options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "control/known_commands.hpp"

using namespace std::chrono_literals;
using reactord::control::ControlOptions;

namespace {

using Words = std::vector<std::string>;

reactord::control::Parsed<ControlOptions> parse(Words words) {
  words.insert(words.begin(), "reactordctl");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return reactord::control::parse_control_options(static_cast<int>(words.size()), arguments.data());
}

ControlOptions taken(const Words& words) {
  auto options = parse(words);
  if (!options) FAIL(options.error());
  return *options;
}

std::string refusal(const Words& words) {
  const auto options = parse(words);
  return options ? "was accepted" : options.error();
}

}  // namespace

TEST_SUITE("reactordctl options") {
  TEST_CASE("without any, commands come from standard input and ten seconds are patience enough") {
    const ControlOptions options = taken({});
    CHECK(options.words.empty());
    CHECK(options.socket.empty());
    CHECK(options.timeout == 10s);
    CHECK_FALSE(options.json);
  }

  TEST_CASE("they may stand before, between and behind the words of the command") {
    for (const Words& words :
         std::vector<Words>{{"-s", "/run/x.sock", "-t", "3", "--json", "kill", "7"},
                            {"kill", "--socket=/run/x.sock", "7", "--timeout=3", "--json"},
                            {"--json", "kill", "7", "-s/run/x.sock", "-t3s"},
                            {"-s", "unix:/run/x.sock", "kill", "--json", "7", "-t", "3000ms"}}) {
      const ControlOptions options = taken(words);
      CHECK(options.words == Words{"kill", "7"});
      CHECK(options.socket == "/run/x.sock");
      CHECK(options.timeout == 3s);
      CHECK(options.json);
    }
  }

  TEST_CASE("what stands behind -- is the command's") {
    const ControlOptions options = taken({"--", "stats", "--json", "-s"});
    CHECK(options.words == Words{"stats", "--json", "-s"});
    CHECK_FALSE(options.json);
    CHECK(options.socket.empty());
  }

  TEST_CASE("a timeout is seconds, or has a unit") {
    CHECK(taken({"-t", "0.2"}).timeout == 200ms);
    CHECK(taken({"-t", "0.2s"}).timeout == 200ms);
    CHECK(taken({"-t", "250ms"}).timeout == 250ms);
    CHECK(taken({"-t", "2m"}).timeout == 2min);
    CHECK(taken({"-t", "24h"}).timeout == 24h);
    for (const char* wrong : {"0", "0s", "-1", "1e3", "soon", "", "25h", "86401", "10 s", "10sec"}) {
      INFO(wrong);
      const std::string error = refusal({"-t", wrong});
      CHECK(error.starts_with("--timeout " + std::string(wrong) + ": write a number of seconds above 0"));
    }
  }

  TEST_CASE("an interval and a count are those of top, within their bounds") {
    CHECK_FALSE(taken({"top"}).interval.has_value());
    CHECK_FALSE(taken({"top"}).count.has_value());
    const ControlOptions options = taken({"top", "-i", "2", "state=idle", "-n", "20k"});
    CHECK(options.words == Words{"top", "state=idle"});
    CHECK(options.interval == 2s);
    CHECK(options.count == 20'000);
    CHECK(taken({"top", "--interval=500ms", "--count=1"}).interval == 500ms);
    CHECK(taken({"top", "-i", "1h"}).interval == 1h);
    for (const char* wrong : {"0", "0.4", "499ms", "61m", "3601", "soon", ""}) {
      CHECK(refusal({"top", "-i", wrong}) ==
            "--interval " + std::string(wrong) +
                ": write a number of seconds, or 500ms, 1.5s, 2m; from 500ms to 1h");
    }
    for (const char* wrong : {"0", "-1", "1.5", "1000000001", "all", ""}) {
      CHECK(refusal({"top", "-n", wrong}) ==
            "--count " + std::string(wrong) + ": write a number from 1 to 1000000000");
    }
  }

  TEST_CASE("a wrong one is told with what would be right") {
    CHECK(refusal({"--sockt", "x"}) == "unknown option --sockt, did you mean --socket?");
    CHECK(refusal({"--nonsense"}).starts_with("unknown option --nonsense, known: --socket"));
    CHECK(refusal({"stats", "-x"}) == "unknown option -x, see reactordctl --help");
    CHECK(refusal({"--json=yes"}) == "--json: takes no value");
    CHECK(refusal({"--socket"}) == "--socket: missing value, see reactordctl --help");
    CHECK(refusal({"stats", "-t"}) == "-t: missing value, see reactordctl --help");
    CHECK(refusal({"-s", ""}).starts_with("--socket needs a path"));
    CHECK(refusal({"--socket=unix:"}).starts_with("--socket needs a path"));
  }

  TEST_CASE("--help names every option and command, within the width of a terminal") {
    const std::string help = reactord::control::control_help_text();
    for (const char* option :
         {"--socket", "--timeout", "--json", "--interval", "--count", "--help", "--version"})
      CHECK(help.contains(option));
    for (const auto& command : reactord::control::known_commands()) {
      CHECK(help.contains("\n  " + std::string(command.name)));
    }
    std::size_t begin = 0;
    for (std::size_t end; (end = help.find('\n', begin)) != help.npos; begin = end + 1) {
      INFO(help.substr(begin, end - begin));
      CHECK(end - begin <= 110);
    }
    CHECK(taken({"-h"}).help);
    CHECK(taken({"-V"}).version);
    CHECK(reactord::control::control_version_text().starts_with("reactordctl 0."));
  }
}
