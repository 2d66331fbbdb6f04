// The command line: what is meant by it, and of what is wrong in it, what would be right.
#include "daemon/options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using reactord::Duration;
using reactord::LogLevel;
using reactord::Options;
using reactord::parse_duration;
using reactord::UsageError;
using namespace std::chrono_literals;

namespace {

std::expected<Options, UsageError> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "reactord");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return reactord::parse_options(static_cast<int>(words.size()), arguments.data());
}

Options parsed(std::vector<std::string> words) {
  auto options = parse(std::move(words));
  if (!options) FAIL(options.error());
  return *options;
}

std::string refusal(std::vector<std::string> words) {
  const auto options = parse(std::move(words));
  return options ? "was accepted" : options.error();
}

}  // namespace

TEST_CASE("without options it serves line at :9090") {
  const Options options = parsed({});
  REQUIRE(options.listen.size() == 1);
  CHECK(options.listen[0].protocol == "line");
  CHECK(options.listen[0].address == ":9090");
  CHECK(options.drain_timeout == 30s);
  CHECK(options.idle_timeout == 60s);
  CHECK(options.log_level == LogLevel::info);
  CHECK_FALSE(options.help);
  CHECK_FALSE(options.version);
}

TEST_CASE("every option is understood, in both spellings") {
  const Options options = parsed({"--listen", "echo@127.0.0.1:8080", "--listen=line@unix:@a@b",
                                  "--drain-timeout=5s", "--idle-timeout", "0", "--log-level", "debug"});
  REQUIRE(options.listen.size() == 2);
  CHECK(options.listen[0].protocol == "echo");
  CHECK(options.listen[0].address == "127.0.0.1:8080");
  CHECK(options.listen[1].protocol == "line");
  CHECK(options.listen[1].address == "unix:@a@b");
  CHECK(options.drain_timeout == 5s);
  CHECK(options.idle_timeout == Duration::zero());
  CHECK(options.log_level == LogLevel::debug);
  CHECK(parsed({"--help"}).help);
  CHECK(parsed({"--version"}).version);
  CHECK(parsed({"--log-level", "error"}).log_level == LogLevel::error);
  CHECK(parsed({"--log-level", "warn"}).log_level == LogLevel::warn);
}

TEST_CASE("a wrong --listen says what would be right") {
  CHECK(refusal({"--listen", ":9090"}) ==
        "--listen :9090: missing \"@\": write PROTOCOL@ADDRESS, as in line@:9090");
  CHECK(refusal({"--listen", "lien@:9090"}) ==
        "--listen lien@:9090: unknown protocol \"lien\", did you mean line?");
  CHECK(refusal({"--listen", "gopher@:70"}) ==
        "--listen gopher@:70: unknown protocol \"gopher\", known: line echo");
  CHECK(refusal({"--listen", "line@localhost"}) ==
        "--listen line@localhost: address localhost: missing port in address; write :9090, 127.0.0.1:9090, "
        "[::1]:9090, unix:/path or unix:@name");
  CHECK(refusal({"--listen", "line@:99999"})
            .starts_with("--listen line@:99999: address 99999: invalid port; write"));
  CHECK(refusal({"--listen", "line@"}).starts_with("--listen line@: missing address; write :9090"));
}

TEST_CASE("a wrong level or duration says what would be right") {
  CHECK(refusal({"--log-level", "inf"}) == "--log-level inf: unknown level \"inf\", did you mean info?");
  CHECK(refusal({"--log-level", "everything"}) ==
        "--log-level everything: unknown level \"everything\", known: error warn info debug");
  CHECK(refusal({"--idle-timeout", "60"}) ==
        "--idle-timeout 60: write a number and a unit, as in 500ms, 30s, 2m, 1h");
  CHECK(refusal({"--drain-timeout", "-3s"}) == "--drain-timeout -3s: must not be negative");
  CHECK(refusal({"--drain-timeout", "0"}) == "--drain-timeout 0: must be at least 1ms");
  CHECK(refusal({"--idle-timeout", "99999999h"}) ==
        "--idle-timeout 99999999h: too long, at most ten years (87600h)");
}

TEST_CASE("an unknown, incomplete or misplaced argument says what would be right") {
  CHECK(refusal({"--lisen", "line@:1"}) == "unknown option --lisen, did you mean --listen?");
  CHECK(refusal({"--lisen=line@:1"}) == "unknown option --lisen, did you mean --listen?");
  CHECK(
      refusal({"--colour"}) ==
      "unknown option --colour, known: --listen --drain-timeout --idle-timeout --log-level --help --version");
  CHECK(refusal({"-x"}) == "unknown option -x, see reactord --help");
  CHECK(refusal({"-xy"}) == "unknown option -x, see reactord --help");
  CHECK(refusal({"--listen"}) == "--listen: missing value, see reactord --help");
  CHECK(refusal({"--help=yes"}) == "--help: takes no value");
  CHECK(refusal({"9090"}) == "unexpected argument \"9090\": write --listen PROTOCOL@ADDRESS");
  CHECK(refusal({"--", "--help"}) == "unexpected argument \"--help\": write --listen PROTOCOL@ADDRESS");
}

TEST_CASE("an option that could be two says so") {
  const std::string text = refusal({"--l", "x"});
  CAPTURE(text);
  CHECK(text.starts_with("unknown option --l, "));
  CHECK(text.find("--listen") != std::string::npos);
  CHECK(text.find("--log-level") != std::string::npos);
}

TEST_CASE("durations take a unit") {
  struct Row {
    const char* text;
    Duration duration;
  };
  constexpr Row table[] = {{"500ms", 500ms}, {"30s", 30s}, {"2m", 2min},       {"1h", 1h},
                           {"0", 0ns},       {"0s", 0ns},  {"87600h", 87600h}, {"007s", 7s}};
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto duration = parse_duration(row.text);
    REQUIRE(duration.has_value());
    CHECK(*duration == row.duration);
  }
  for (const char* wrong : {"", "s", "30", "1.5s", "30 s", "30sec", "s30", " 30s", "+30s", "-0x1s", "30S",
                            "87601h", "99999999999999999999s", "-1s", "0x"}) {
    CAPTURE(wrong);
    const auto duration = parse_duration(wrong);
    REQUIRE_FALSE(duration.has_value());
    CHECK(duration.error().starts_with(std::string(wrong) + ": "));
  }
}

TEST_CASE("the help names every option, every protocol and the exit statuses") {
  const std::string help = reactord::help_text();
  for (const char* word : {"--listen", "--drain-timeout", "--idle-timeout", "--log-level", "--help",
                           "--version", "  line  ", "  echo  ", "64", "SIGTERM", "unix:@name"}) {
    CAPTURE(word);
    CHECK(help.find(word) != std::string::npos);
  }
  CHECK(reactord::version_text().starts_with("reactord "));
  CHECK(reactord::version_text().ends_with("\n"));
}
