// The command line: what is meant by it, and of what is wrong in it, what would be right.
#include "daemon/options.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "daemon/settings_in_force.hpp"
#include "support/reactord_program.hpp"

using reactord::Duration;
using reactord::LogLevel;
using reactord::Options;
using reactord::OverLimit;
using reactord::UsageError;
using namespace std::chrono_literals;

namespace {

// The command line alone, without a file: what it comes to, or the first line of what is wrong.
std::expected<Options, UsageError> parse(std::vector<std::string> words) {
  words.insert(words.begin(), "reactord");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto line = reactord::parse_command_line(test::reactord_program(), static_cast<int>(words.size()),
                                                 arguments.data());
  if (!line) return std::unexpected(line.error());
  const auto settings = reactord::SettingsInForce::read(*line);
  if (settings) return settings->options();
  CHECK(settings.error().status == reactord::exit_usage);
  return std::unexpected(settings.error().lines.front());
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

TEST_CASE("without options there is no listener yet: sockets may be passed") {
  const Options options = parsed({});
  CHECK(options.listen.empty());
  CHECK_FALSE(options.reuse_port);
  CHECK(options.config == "");
  CHECK(options.drain_timeout == 30s);
  CHECK(options.limits.idle_timeout == 60s);
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
  CHECK(options.limits.idle_timeout == Duration::zero());
  CHECK(options.log_level == LogLevel::debug);
  CHECK(parsed({"--help"}).help);
  CHECK(parsed({"--version"}).version);
  CHECK(parsed({"--log-level", "error"}).log_level == LogLevel::error);
  CHECK(parsed({"--log-level", "warn"}).log_level == LogLevel::warn);
}

TEST_CASE("a wrong --listen says what would be right") {
  CHECK(refusal({"--listen", ":9090"}) ==
        "--listen :9090: missing \"@\": write PROTOCOL@ADDRESS, as in line@:9090");
  CHECK(
      refusal({"--listen", "lien@:9090"}) ==
      "--listen lien@:9090: unknown protocol \"lien\", did you mean line? Or name a program: program = lien "
      "COMMAND");
  CHECK(refusal({"--listen", "gopher@:70"}) ==
        "--listen gopher@:70: unknown protocol \"gopher\", known: line echo; or name a program: program = "
        "gopher COMMAND");
  CHECK(refusal({"--listen", "line@localhost"}) ==
        "--listen line@localhost: address localhost: missing port in address; write :9090, 127.0.0.1:9090, "
        "[::1]:9090, tcp4::9090, unix:/path or unix:@name");
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
  const std::string unknown = refusal({"--colour"});
  CHECK(unknown.starts_with("unknown option --colour, known: --listen --program --reuse-port "));
  CHECK(unknown.ends_with(" --help --version"));
  CHECK(refusal({"-x"}) == "unknown option -x, see reactord --help");
  CHECK(refusal({"-xy"}) == "unknown option -x, see reactord --help");
  for (const char* letters : {"-x", "-xy", "-xc", "-x-"}) {
    CHECK(refusal({"--check", letters}) == "unknown option -x, see reactord --help");
    CHECK(refusal({letters, "--check"}) == "unknown option -x, see reactord --help");
    CHECK(refusal({"--log-rate", "1", letters, "y"}) == "unknown option -x, see reactord --help");
  }
  CHECK(refusal({"--check", "-\xc3\xa4"}) == "unknown option -\xc3\xa4, see reactord --help");
  CHECK(refusal({"--check", "-\t"}).find('\t') == std::string::npos);
  CHECK(refusal({"--check", "-c"}) == "-c: missing value, see reactord --help");
  CHECK(refusal({"--check", "--no\nsuch"}).starts_with("unknown option --no"));
  CHECK(refusal({"--check", "--no\nsuch"}).find('\n') == std::string::npos);
  CHECK(refusal({"--check", "--check=now"}) == "--check: takes no value");
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

TEST_CASE("every limit has its option") {
  const Options options = parsed({"--line-timeout",
                                  "3s",
                                  "--write-timeout",
                                  "4s",
                                  "--lifetime",
                                  "1h",
                                  "--lifetime-jitter",
                                  "20%",
                                  "--max-line",
                                  "1MiB",
                                  "--long-lines",
                                  "discard",
                                  "--output-high",
                                  "128KiB",
                                  "--output-low",
                                  "1KiB",
                                  "--output-hard",
                                  "0",
                                  "--max-buffers",
                                  "1GiB",
                                  "--max-connections",
                                  "10,reject",
                                  "--max-connections-per-address",
                                  "5,defer",
                                  "--accept-rate",
                                  "100/s,burst=7",
                                  "--accept-rate-per-address",
                                  "9/s",
                                  "--ip6-prefix",
                                  "56",
                                  "--stall-threshold",
                                  "1s",
                                  "--log-rate",
                                  "0"});
  const reactord::Limits& limits = options.limits;
  CHECK(limits.idle_timeout == 60s);
  CHECK(limits.line_timeout == 3s);
  CHECK(limits.write_timeout == 4s);
  CHECK(limits.lifetime == 1h);
  CHECK(limits.lifetime_jitter_percent == 20);
  CHECK(limits.max_line == 1024 * 1024);
  CHECK(limits.long_lines == reactord::LongLine::discard);
  CHECK(limits.output.high == 128 * 1024);
  CHECK(limits.output.low == 1024);
  CHECK(limits.output.hard == 0);
  CHECK(limits.max_buffers == 1024 * 1024 * 1024);
  CHECK(limits.connections.most == 10);
  CHECK(limits.connections.then == OverLimit::reject);
  CHECK(limits.connections_per_address.most == 5);
  CHECK(limits.connections_per_address.then == OverLimit::defer);
  CHECK(limits.accepts.per_second == 100);
  CHECK(limits.accepts.burst == 7);
  CHECK(limits.accepts.then == OverLimit::defer);
  CHECK(limits.accepts_per_address.per_second == 9);
  CHECK(limits.accepts_per_address.then == OverLimit::reject);
  CHECK(limits.ip6_prefix == 56);
  CHECK(limits.stall_threshold == 1s);
  CHECK(options.log_rate == 0);
}

TEST_CASE("limits that contradict each other say how they would not") {
  CHECK(refusal({"--output-low", "128KiB"}) ==
        "--output-low 128KiB: must be at most --output-high, which is 64KiB");
  CHECK(refusal({"--output-high", "2MiB"}) ==
        "--output-high 2MiB: must be at most --output-hard, which is 1MiB by default; set that too, or to 0: "
        "no limit");
  CHECK(refusal({"--output-high", "2048KiB", "--output-hard", "1024KiB"}) ==
        "--output-hard 1024KiB: must be at least --output-high, which is 2MiB; or 0: no limit");
  CHECK(refusal({"--output-high", "8KiB"}) ==
        "--output-high 8KiB: must be at least --output-low, which is 16KiB by default; set that too");
  CHECK(refusal({"--max-buffers", "32KiB"}) ==
        "--max-buffers 32KiB: must be at least --max-line, which is 64KiB; or 0: no limit");
  CHECK(refusal({"--output-high", "2MiB", "--output-hard", "0", "--max-buffers", "0"}) == "was accepted");
  CHECK(refusal({"--output-low", "64KiB"}) == "was accepted");
}

TEST_CASE("a limit outside of what makes sense says what does") {
  CHECK(refusal({"--max-line", "1"}) == "--max-line 1: must be from 2 bytes to 64MiB");
  CHECK(refusal({"--max-line", "65MiB"}) == "--max-line 65MiB: must be from 2 bytes to 64MiB");
  CHECK(refusal({"--output-high", "0"}) == "--output-high 0: must be from 1 byte to 1GiB");
  CHECK(refusal({"--output-high", "4GiB"}) == "--output-high 4GiB: must be from 1 byte to 1GiB");
  CHECK(refusal({"--ip6-prefix", "0"}) == "--ip6-prefix 0: write a number from 1 to 128");
  CHECK(refusal({"--ip6-prefix", "129"}) == "--ip6-prefix 129: write a number from 1 to 128");
  CHECK(refusal({"--lifetime-jitter", "100%"}) ==
        "--lifetime-jitter 100%: write a percentage from 0% to 90%, as in 10%");
  CHECK(refusal({"--long-lines", "drop"}) ==
        "--long-lines drop: unknown way \"drop\", known: close truncate discard");
  CHECK(refusal({"--max-line", "64kB"}) ==
        "--max-line 64kB: write 64KiB (1KiB is 1024 bytes), or the number of bytes");
  CHECK(refusal({"--max-connections", "many"}).starts_with("--max-connections many: write a number"));
}

TEST_CASE("the help names every option, every protocol and the exit statuses") {
  const std::string help = reactord::help_text(test::reactord_program());
  for (const char* word : {"--listen", "--drain-timeout", "--idle-timeout", "--log-level", "--help",
                           "--version", "  line  ", "  echo  ", "64", "SIGTERM", "unix:@name"}) {
    CAPTURE(word);
    CHECK(help.find(word) != std::string::npos);
  }
  CHECK(reactord::version_text(test::reactord_program()).starts_with("reactord "));
  CHECK(reactord::version_text(test::reactord_program()).ends_with("\n"));
}
