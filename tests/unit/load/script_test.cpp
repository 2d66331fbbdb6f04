// The language of load scripts: what each step becomes, what is said of each mistake and where, the scripts that are
// shipped, and that no text whatever brings it down.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "load/script/script.hpp"
#include "reactord/time.hpp"
#include "support/cost.hpp"

using namespace reactord;
using namespace reactord::load;
using namespace std::string_literals;
using Kind = ScriptStep::Kind;

namespace {

Script parsed(std::string_view text) {
  auto script = parse_script("t.load", text, "/nowhere");
  REQUIRE_MESSAGE(script.has_value(), (script ? "" : script.error()));
  return std::move(*script);
}

std::vector<ScriptStep> steps_of(std::string_view text) { return parsed(text).scenarios.at(0).steps; }

std::string wrong(std::string_view text) {
  const auto script = parse_script("t.load", text, "/nowhere");
  return script ? "no error" : script.error();
}

struct Mistake {
  std::string_view text, error;  // error: without the name of the script
};

void check_all(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.text);
    CHECK(wrong(mistake.text) == "t.load:" + std::string(mistake.error));
  }
}

const std::string all_steps =
    "option connections 100\noption poisson\n"
    "mix 3\nconnect\nrepeat forever\n  send \"get {seq}\\n\"\n  expect \"Server: get {seq}\\n\"\n"
    "  sleep 10ms\nend\n"
    "mix 1\nslow-read 1KiB/s\nrepeat 2\nrepeat 10\ntrickle 1 1s \"abc {rand:8}\\n\"\nexpect-line\nend\nend\n"
    "half-close\nexpect-line \"ERR \"\nexpect-end\nclose\nconnect\nreset # over\n";

}  // namespace

TEST_CASE("every step is read, with what belongs to it") {
  const Script script = parsed(all_steps);
  CHECK(script.name == "t.load");
  REQUIRE(script.options.size() == 2);
  CHECK(script.options[0].name == "connections");
  CHECK(script.options[0].value == "100");
  CHECK(script.options[0].line == 1);
  CHECK(script.options[0].column == 8);
  CHECK(script.options[1].name == "poisson");
  CHECK(script.options[1].value.empty());
  CHECK(script.error_at(1, 8, "no") == "t.load:1:8: no");
  REQUIRE(script.scenarios.size() == 2);
  CHECK(script.scenarios[0].weight == 3);
  CHECK(script.scenarios[1].weight == 1);

  std::vector<Kind> kinds;
  for (const Scenario& scenario : script.scenarios) {
    for (const ScriptStep& step : scenario.steps) kinds.push_back(step.kind);
  }
  CHECK(kinds == std::vector<Kind>{Kind::connect, Kind::repeat, Kind::send, Kind::expect, Kind::sleep,
                                   Kind::end, Kind::slow_read, Kind::repeat, Kind::repeat, Kind::trickle,
                                   Kind::expect_line, Kind::end, Kind::end, Kind::half_close,
                                   Kind::expect_line, Kind::expect_end, Kind::close, Kind::connect,
                                   Kind::reset});

  const auto& first = script.scenarios[0].steps;
  CHECK(first[1].count == 0);
  CHECK(first[1].target == 6);
  CHECK(first[5].target == 1);
  CHECK(first[2].text.has_holes());
  CHECK(first[2].line == 6);
  CHECK(first[2].column == 3);
  CHECK(first[4].duration == Duration(10ms));
  const auto& second = script.scenarios[1].steps;
  CHECK(second[0].count == 1024);
  CHECK(second[1].count == 2);
  CHECK(second[1].target == 7);
  CHECK(second[2].target == 6);
  CHECK(second[5].target == 2);
  CHECK(second[6].target == 1);
  CHECK(second[3].count == 1);
  CHECK(second[3].duration == Duration(1s));
  CHECK(second[4].text.text().empty());
  CHECK(second[8].text.text() == "ERR ");
}

TEST_CASE("a script without mix is one scenario of weight 1") {
  const Script script = parsed("send \"a\"");
  REQUIRE(script.scenarios.size() == 1);
  CHECK(script.scenarios[0].weight == 1);
  CHECK(script.scenarios[0].steps.size() == 1);
}

TEST_CASE("tabs, CRLF, comments, empty lines and a byte order mark are no matter") {
  const auto steps = steps_of("\xef\xbb\xbf# hello\r\n\r\n\tsend\t\"a # b\\n\"\t# c \"d\r\nsend \"e\"#f\r\n");
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].text.text() == "a # b\n");
  CHECK(steps[0].line == 3);
  CHECK(steps[0].column == 2);
  CHECK(steps[1].text.text() == "e");
}

TEST_CASE("units are understood") {
  const auto duration = [](const std::string& text) { return steps_of("sleep " + text)[0].duration; };
  CHECK(duration("1ms") == Duration(1ms));
  CHECK(duration("2s") == Duration(2s));
  CHECK(duration("3m") == Duration(3min));
  CHECK(duration("1440m") == Duration(24h));
  CHECK(duration("1.5s") == Duration(1500ms));
  CHECK(duration("1000us") == Duration(1ms));
  CHECK(duration("0.5h") == Duration(30min));
  const auto rate = [](const std::string& text) { return steps_of("slow-read " + text)[0].count; };
  CHECK(rate("5B/s") == 5);
  CHECK(rate("2KiB/s") == 2048);
  CHECK(rate("3MiB/s") == 3 * 1024 * 1024);
  const auto size = [](const std::string& text) {
    return steps_of("trickle " + text + " 1s \"a\"")[0].count;
  };
  CHECK(size("7") == 7);
  CHECK(size("7B") == 7);
  CHECK(size("2KiB") == 2048);
  CHECK(size("1MiB") == 1024 * 1024);
  CHECK(steps_of("repeat 20k\nsend \"a\"\nend")[0].count == 20'000);
}

TEST_CASE("a wrong word is named with its place, and with what may have been meant") {
  const std::string known =
      "known: option mix send expect expect-line expect-end sleep half-close reset close connect slow-read "
      "trickle repeat end";
  check_all({
      {"\n\n  sned \"a\"", "3:3: unknown step \"sned\", did you mean send?"},
      {"halfclose", "1:1: unknown step \"halfclose\", did you mean half-close?"},
      {"slow_read 1B/s", "1:1: unknown step \"slow_read\", did you mean slow-read?"},
      {"Repeat 3", "1:1: unknown step \"Repeat\", did you mean repeat?"},
      {"\"a\"", "1:1: a string where a step begins: write send before it"},
      {"send", "1:1: send needs an argument: write send \"get {seq}\\n\""},
      {"trickle 1 1s", "1:1: trickle needs more: write trickle 1 1s \"hello\\n\""},
      {"send \"a\" expect \"b\"",
       "1:10: \"expect\" is too much for send: write send \"get {seq}\\n\", and one step a line"},
      {"connect now", "1:9: \"now\" is too much for connect: write connect, and one step a line"},
      {"send hello", "1:6: \"hello\": write it in quotes, as in send \"get {seq}\\n\""},
      {"send \"\"", "1:6: an empty text: write at least one byte"},
      {"sleep \"1s\"", "1:7: write it without quotes"},
  });
  CHECK(wrong("wait 3s") == "t.load:1:1: unknown step \"wait\", " + known);
  CHECK(wrong("\x1b[2J") == "t.load:1:1: unknown step \"\\x1b[2J\", " + known);
  CHECK(wrong(std::string(1000, 'x')) ==
        "t.load:1:1: unknown step \"" + std::string(40, 'x') + "...\", " + known);
}

TEST_CASE("a wrong string is shown at the byte where it is wrong") {
  check_all({
      {"send \"a", "1:6: a string without end: write \" behind it, and \\\" for a quote within"},
      {"send \"a\\\"", "1:6: a string without end: write \" behind it, and \\\" for a quote within"},
      {"send \"a\\", "1:6: a string without end: write \" behind it, and \\\" for a quote within"},
      {"send \"a\nb\"", "1:6: a string without end: write \" behind it, and \\\" for a quote within"},
      {"send \"ab\\q\"", "1:9: unknown escape \"\\q\": write \\n \\r \\t \\0 \\\\ \\\" or \\xHH"},
      {"send \"a\\x4\"", "1:8: \\x needs two hexadecimal digits, as in \\x7f"},
      {"send \"a {sqe}\"", "1:9: unknown hole \"sqe\", did you mean {seq}?"},
      {"send \"a {seq\"", "1:9: { begins a hole that has no }: write {{ for a brace"},
      {"send \"{file:none}\"", "1:7: {file:PATH}: /nowhere/none: No such file or directory"},
      {"trickle 1 1s \"a\\\"{no}\"",
       "1:18: unknown hole \"no\", known: {seq} {conn} {rand:N} {file:PATH}; write {{ for a brace"},
  });
  CHECK(wrong("send \"a\0b\""s) == "t.load:1:8: a NUL byte: in a string, write \\0");
  CHECK(wrong("send \"a\"\n\0"s) == "t.load:2:1: a NUL byte: in a string, write \\0");
}

TEST_CASE("a wrong number says what is right") {
  const std::string duration = "write a number and a unit, as in 10ms, 2s, 1m";
  for (const std::string text : {"10", "ms", "10S", "-1s", "1.5", "10 ms"}) {
    CAPTURE(text);
    const bool is_two_words = text.contains(' ');
    const std::string error = wrong("sleep " + text);
    if (!is_two_words) CHECK(error == "t.load:1:7: \"" + text + "\": " + duration);
    if (is_two_words)
      CHECK(error == "t.load:1:10: \"ms\" is too much for sleep: write sleep 10ms, and one step a line");
  }
  check_all({
      {"sleep 0s", "1:7: \"0s\": write a duration from 1ms to 1440m"},
      {"sleep 0", "1:7: \"0\": write a duration from 1ms to 1440m"},
      {"sleep 999us", "1:7: \"999us\": write a duration from 1ms to 1440m"},
      {"sleep 24.1h", "1:7: \"24.1h\": write a duration from 1ms to 1440m"},
      {"sleep 1441m", "1:7: \"1441m\": write a duration from 1ms to 1440m"},
      {"sleep 99999999999999999999999s",
       "1:7: \"99999999999999999999999s\": write a duration from 1ms to 1440m"},
      {"slow-read 1KiB", "1:11: \"1KiB\": write bytes a second, as in 500B/s, 1KiB/s, 2MiB/s"},
      {"slow-read 0B/s", "1:11: \"0B/s\": write a rate from 1B/s to 1024MiB/s"},
      {"trickle 1KB 1s \"a\"", "1:9: \"1KB\": write a number of bytes, as in 100, 4KiB, 1MiB"},
      {"trickle 2MiB 1s \"a\"", "1:9: \"2MiB\": write a number of bytes from 1 to 1048576"},
      {"trickle 1 1 \"a\"", "1:11: \"1\": write a number and a unit, as in 10ms, 2s, 1m"},
      {"repeat 0", "1:8: \"0\": write a number from 1 to 1000000000, or forever"},
      {"repeat for-ever", "1:8: \"for-ever\": write a number from 1 to 1000000000, or forever"},
      {"repeat 1.5k", "1:8: \"1.5k\": write a number from 1 to 1000000000, or forever"},
      {"mix 0", "1:5: \"0\": write a number from 1 to 1000000"},
      {"mix 1 2", "1:7: mix takes one number: write mix 3"},
      {"mix", "1:1: mix takes one number: write mix 3"},
      {"mix \"1\"", "1:5: write the number without quotes"},
  });
}

TEST_CASE("what does not fit together is told where it begins") {
  check_all({
      {"", "1:1: the script has no steps: write at least one, as in send \"hello\\n\""},
      {"# only this\noption rate 5\n",
       "1:1: the script has no steps: write at least one, as in send \"hello\\n\""},
      {"send \"a\"\n repeat 3\nsend \"b\"", "2:2: this repeat has no end: write end behind its last step"},
      {"mix 1\nrepeat 3\nsend \"b\"\nmix 2\nend",
       "2:1: this repeat has no end: write end behind its last step"},
      {"send \"a\"\nend", "2:1: this end has no repeat: remove it, or write repeat before"},
      {"repeat 3\nend", "1:1: nothing to repeat: write a send, expect or sleep between repeat and end"},
      {"repeat forever\nslow-read 1B/s\nend",
       "1:1: nothing to repeat: write a send, expect or sleep between repeat and end"},
      {"expect \"a\"",
       "1:1: expect before any send: what a server says by itself is awaited with expect-line"},
      {"send \"a\"\nconnect\nexpect \"a\"",
       "3:1: expect before any send: what a server says by itself is awaited with expect-line"},
      {"repeat forever\nsend \"a\"\nend\nsend \"b\"",
       "4:1: this step never runs: the repeat forever in line 1 does not end"},
      {"repeat 2\nrepeat forever\nsend \"a\"\nend\nsend \"b\"\nend",
       "5:1: this step never runs: the repeat forever in line 2 does not end"},
      {"send \"a\"\nmix 1\nsend \"b\"",
       "2:1: mix begins a scenario, but steps stand before the first: write a mix above them too"},
      {"mix 1\nmix 2\nsend \"b\"", "1:1: this mix has no steps: write them below it"},
      {"mix 1\nsend \"b\"\nmix 2\n", "3:1: this mix has no steps: write them below it"},
      {"send \"a\"\noption rate 5", "2:1: options stand on top, before mix and the first step"},
      {"option", "1:1: option needs a name: write option connections 100"},
      {"option rate 5 6", "1:15: option takes one value: write option connections 100"},
      {"option --rate 5",
       "1:8: write the name of the option without quotes and dashes, as in option connections 100"},
  });
}

TEST_CASE("a step that the connection can't do any more is told, also where it is the second round's") {
  check_all({
      {"close\nsend \"a\"", "2:1: the connection was ended in line 1: write connect before"},
      {"reset\nclose", "2:1: the connection was ended in line 1: write connect before"},
      {"half-close\ntrickle 1 1s \"a\"",
       "2:1: nothing can be sent after the half-close in line 1: write connect before"},
      {"expect-end\nexpect-line", "2:1: nothing comes after the expect-end in line 1: write connect before"},
      {"repeat 2\nsend \"a\"\nclose\nend",
       "2:1: in the second round, the connection was ended in line 3: write connect before"},
      {"repeat forever\nexpect-line\nsend \"a\"\nhalf-close\nend",
       "3:1: in the second round, nothing can be sent after the half-close in line 4: write connect before"},
      {"repeat 2\nrepeat 1\nsend \"a\"\nend\nsleep 1s\nreset\nend",
       "3:1: in the second round, the connection was ended in line 6: write connect before"},
  });
  CHECK(wrong("repeat 1\nsend \"a\"\nclose\nend") == "no error");
  CHECK(wrong("repeat 2\nconnect\nsend \"a\"\nclose\nend") == "no error");
  CHECK(wrong("repeat 2\nsend \"a\"\nclose\nsleep 1s\nconnect\nend") == "no error");
  CHECK(wrong("half-close\nexpect-line\nexpect-end\nclose") == "no error");
}

TEST_CASE("a script has bounds: its length, its texts, its depth") {
  CHECK(parse_script("t.load", "send \"a\"\n#" + std::string(most_script_bytes - 10, 'x'), ".").has_value());
  CHECK(wrong("send \"a\"\n#" + std::string(most_script_bytes, 'x')) ==
        "t.load:1:1: the script is longer than 1MiB: long texts go into {file:PATH}");
  std::string texts;
  for (int count = 0; count < 257; ++count) texts += "send \"{rand:1MiB}\"\n";
  CHECK(wrong(texts) == "t.load:257:6: all texts together are longer than 256MiB from here on");
  std::string deep;
  for (int count = 0; count < 17; ++count) deep += "repeat 2\n";
  CHECK(wrong(deep) == "t.load:17:1: more than 16 repeats within each other");
}

TEST_CASE("a script that can't be read is told with its path") {
  CHECK(read_script("/nowhere/a.load").error() == "/nowhere/a.load: No such file or directory");
  CHECK(read_script("/tmp").error() == "/tmp: is no regular file");
}

TEST_CASE("every script that is shipped is right") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/load")) {
    if (entry.path().extension() != ".load") continue;
    const auto script = read_script(entry.path().string());
    CHECK_MESSAGE(script.has_value(), (script ? "" : script.error()));
    ++count;
  }
  CHECK(count >= 11);
}

TEST_CASE("every example of docs/load-scripts.md is right") {
  std::ifstream file("docs/load-scripts.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::size_t count = 0, end = 0;
  for (std::size_t at = 0; (at = page.find("\n```", end)) != page.npos;) {
    const std::size_t begin = page.find('\n', at + 1) + 1;
    end = page.find("```\n", begin);
    REQUIRE(end != page.npos);
    const bool is_script = begin == at + 5;  // others name their language
    end += 3;
    if (!is_script) continue;
    const auto script = parse_script("page", page.substr(begin, end - 3 - begin), ".");
    CHECK_MESSAGE(script.has_value(), (script ? "" : script.error()));
    ++count;
  }
  CHECK(count == 5);
}

TEST_CASE("no text brings the parser down") {
  const std::vector<std::string> pieces = {"\n",
                                           "\"",
                                           "\\",
                                           "{",
                                           "}",
                                           "{seq}",
                                           "{rand:9}",
                                           "{file:x}",
                                           "repeat forever\n",
                                           "end\n",
                                           "mix 2\n",
                                           "#",
                                           "send \"a\"\n",
                                           "\0"s,
                                           "\r\n",
                                           "\t",
                                           "close\n",
                                           "99999999999999999999",
                                           "\\x4",
                                           "\xff",
                                           "connect\n",
                                           "expect \"a\"\n",
                                           "sleep 1ms\n",
                                           "half-close\n",
                                           "option x\n",
                                           "repeat 3\n"};
  std::mt19937 random(20);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  const double begun = test::cpu_seconds();
  std::size_t right = 0, rounds = 0;
  std::string text = all_steps;
  // So many rounds at least as find what is easily found, but no more work than a second takes.
  for (; rounds < 20'000 && test::cpu_seconds() - begun < 1; ++rounds) {
    if (below(16) == 0 || text.size() > 2000) text = all_steps;
    const std::size_t at = below(text.size() + 1), count = std::min(below(12), text.size() - at);
    switch (below(4)) {
      case 0:
        text.erase(at, count);
        break;
      case 1:
        text.insert(at, pieces[below(pieces.size())]);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(40)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random());
    }
    const auto script = parse_script("f", text, "/nowhere");
    if (!script) {
      REQUIRE(script.error().starts_with("f:"));
      continue;
    }
    ++right;
    for (const Scenario& scenario : script->scenarios) {
      REQUIRE_FALSE(scenario.steps.empty());
      for (const ScriptStep& step : scenario.steps) REQUIRE(step.target <= scenario.steps.size());
    }
  }
  CHECK(rounds > 100);
  CHECK(right > 0);
}
