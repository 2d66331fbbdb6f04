// The command line of reactord-load: what those write who know other generators, and what does not go together.
#include "load/options/options.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/process.hpp"

using namespace std::chrono_literals;
using namespace reactord;
using namespace reactord::load;
using load::LoadOptions;

namespace {

load::Parsed<LoadOptions> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "reactord-load");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return load::parse_load_options(static_cast<int>(words.size()), arguments.data());
}

std::string refusal(const std::vector<std::string>& words) {
  const auto options = parse(words);
  return options ? "was accepted" : options.error();
}

}  // namespace

TEST_SUITE("load options") {
  TEST_CASE("an option of another generator is answered with ours") {
    struct Case {
      const char *word, *ours;
    };
    for (const Case& one : std::vector<Case>{{"--threads", "-t, --processes NUMBER"},
                                             {"--threads=4", "-t, --processes NUMBER"},
                                             {"--requests", "-d, --duration DURATION"},
                                             {"--csv", "--json FILE"},
                                             {"--concurrency", "-c, --connections NUMBER"},
                                             {"--qps", "-R, --rate RATE"},
                                             {"--pipeline", "-P, --depth NUMBER"}}) {
      const std::string error = refusal({one.word, "4", "line@127.0.0.1:1"});
      INFO(error);
      CHECK(error.starts_with("unknown option --"));
      CHECK(error.contains(one.ours));
    }
  }

  TEST_CASE("so is one in a script") {
    const test::TemporaryDirectory directory;
    const std::string path = directory.path("a.load");
    std::ofstream(path) << "option threads 4\nsend \"a\\n\"\n";
    CHECK(refusal({"-s", path, "line@127.0.0.1:1"})
              .ends_with("a.load:1:8: unknown option threads: write processes"));
  }

  TEST_CASE("a long name with one dash is told from letters") {
    for (const char* word : {"-duration=10s", "-duration", "-connections", "-rate", "-quiet", "-send",
                             "-seed", "-timeout", "-threads"}) {
      const std::string error = refusal({word, "5s", "line@127.0.0.1:1"});
      INFO(word, ": ", error);
      const std::string name = std::string(word).substr(0, std::string(word).find('='));
      CHECK(error.starts_with("unknown option " + name + ": "));
      CHECK(error.contains("--"));
    }
    CHECK(refusal({"-d10s", "-c4", "-qP2", "line@127.0.0.1:1"}) == "was accepted");
  }

  TEST_CASE("a duration without a unit says what is missing") {
    CHECK(refusal({"--duration", "10", "line@127.0.0.1:1"}).contains("as in 10s"));
    CHECK(refusal({"--duration=10", "line@127.0.0.1:1"}).contains("as in 10s"));
  }

  TEST_CASE("with --compare nothing of a run is taken without a word, and conditions must be right") {
    for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
             {"-c", "5"}, {"--slo", "p99<5ms"}, {"--latency"}, {"-s", "x.load"}}) {
      std::vector<std::string> words = more;
      words.insert(words.end(), {"--compare", "a.json", "b.json"});
      CHECK(refusal(words).starts_with("--compare: nothing is loaded: leave out --"));
    }
    CHECK(refusal({"--fail-if", "p99>5", "--compare", "a", "b"}).starts_with("--fail-if p99>5: "));
    CHECK(refusal({"-q", "--fail-if", "p99>5ms", "--plot", "c", "--json", "d", "--compare", "a", "b"}) ==
          "was accepted");
  }

  TEST_CASE("a rate is from once a day to 100 million a second") {
    for (const char* rate : {"0", "0.0000000001", "0.00001", "101M"}) {
      const std::string error = refusal({"-R", rate, "line@127.0.0.1:1"});
      CHECK(error.contains("at most 100M a second"));
    }
    CHECK(refusal({"-R", "0.0001", "line@127.0.0.1:1"}) == "was accepted");
    CHECK(refusal({"-R", "100M", "line@127.0.0.1:1"}) == "was accepted");
  }

  TEST_CASE("a host may be a name, which is looked up later") {
    const auto named = parse({"line@localhost:9090"});
    REQUIRE(named.has_value());
    CHECK(named->host_name == "localhost");
    CHECK(named->address.port() == 9090);
    CHECK(parse({"line@127.0.0.1:9090"})->host_name.empty());
    CHECK(refusal({"line@localhost"}).contains("missing port"));
    CHECK(refusal({"line@localhost:0"}).contains("missing port"));
    CHECK(refusal({"line@local host:80"}).contains("write :9090"));
    CHECK(refusal({"line@localhost:http"}).contains("invalid port"));
    CHECK(refusal({"line@[localhost]:80"}) != "was accepted");
    for (const char* numeric :
         {"line@127.1:80", "line@256.1.1.1:80", "line@1.2.3:80", "line@10:80", "line@1.2.3.4.:80"})
      CHECK(refusal({numeric}).contains("write :9090"));  // an address that is wrong is no name
  }
}
