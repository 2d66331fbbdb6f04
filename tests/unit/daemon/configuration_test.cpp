// The parser of configuration files: text goes in, settings and mistakes come out.
#include "daemon/configuration.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "daemon/printable.hpp"
#include "support/cost.hpp"
#include "support/reactord_program.hpp"

using reactord::Configuration;
using namespace std::chrono_literals;

namespace {

Configuration read(std::string_view text) {
  Configuration configuration(test::reactord_program());
  configuration.read(text, "f");
  configuration.check_protocols();
  return configuration;
}

// The value that the text gives to log-rate's neighbour listen; or the mistake.
std::string listen_of(std::string_view written) {
  Configuration configuration = read("listen = " + std::string(written));
  const auto mistakes = configuration.take_mistakes();
  if (!mistakes.empty()) return mistakes.front();
  return configuration.options().listen.at(0).address;
}

using Line = std::function<std::string(std::size_t number, std::size_t count)>;

// What it costs to read so many lines.
double cost_of_lines(std::size_t count, const Line& line) {
  std::string text;
  for (std::size_t number = 0; number < count; ++number) text += line(number, count) + '\n';
  REQUIRE(text.size() <= Configuration::longest_text);
  return test::cost_of([&text] { read(text); });
}

}  // namespace

TEST_CASE("a configuration four times as long takes four times as long to read, whatever is wrong in it") {
  struct Text {
    std::string what;
    Line line;
  };
  const auto port = [](std::size_t number) { return std::to_string(1 + number); };
  const Text texts[] = {
      {"listeners at every address", [&](auto n, auto) { return "listen = line@:" + port(n); }},
      {"listeners at one address", [&](auto n, auto) { return "listen = line@127.0.0.1:" + port(n); }},
      {"unix paths", [&](auto n, auto) { return "listen = line@unix:/run/" + port(n); }},
      {"passed names", [&](auto n, auto) { return "listen = line@systemd:" + port(n); }},
      {"free ports", [](auto, auto) { return std::string("listen = line@127.0.0.1:0"); }},
      {"each place twice", [&](auto n, auto) { return "listen = echo@:" + port(n / 2); }},
      {"one setting again and again behind many others",
       [&](auto n, auto count) { return n < count / 2 ? "listen = line@:" + port(n) : "log-rate = 1"; }},
      {"unknown names", [&](auto n, auto) { return "listn = line@:" + port(n); }},
      {"programs", [](auto n, auto) { return "program = p" + std::to_string(n) + " cat"; }},
      {"each program twice", [](auto n, auto) { return "program = p" + std::to_string(n / 2) + " cat"; }},
      {"unknown protocols", [&](auto n, auto) { return "listen = lime@:" + port(n); }},
  };
  for (const Text& text : texts) {
    CAPTURE(text.what);
    const double ratio = cost_of_lines(24'000, text.line) / cost_of_lines(6'000, text.line);
    CHECK(ratio < test::most_for_four_times);
  }
}

TEST_CASE("an empty text, comments and empty lines come to nothing") {
  for (const char* text :
       {"", "\n", "# listen = line@:1\n\n   # x\n\t\r\n", "\xef\xbb\xbf", "\xef\xbb\xbf# x"}) {
    Configuration configuration = read(text);
    CHECK(configuration.take_mistakes().empty());
    CHECK(configuration.assignments().empty());
  }
}

TEST_CASE("a setting is read with its origin, whatever spaces and line ends there are") {
  Configuration configuration = read("# x\n\n  idle-timeout\t=  5s \t\r\nmax-line=1KiB");
  CHECK(configuration.take_mistakes().empty());
  CHECK(configuration.options().limits.idle_timeout == 5s);
  CHECK(configuration.options().limits.max_line == 1024);
  REQUIRE(configuration.assignments().size() == 2);
  CHECK(configuration.assignments()[0].setting->name == "idle-timeout");
  CHECK(configuration.assignments()[0].value == "5s");
  CHECK(configuration.assignments()[0].origin == "f:3");
  CHECK(configuration.assignments()[1].origin == "f:4");
}

TEST_CASE("a comment after a value begins with a space and #; within a word # is part of it") {
  CHECK(listen_of("line@unix:/a#b") == "unix:/a#b");
  CHECK(listen_of("line@unix:/a #b") == "unix:/a");
  CHECK(listen_of("line@unix:/a\t# b # c") == "unix:/a");
  CHECK(listen_of("line@unix:/a#b # c") == "unix:/a#b");
}

TEST_CASE("quotes keep spaces and #, and have two escapes") {
  CHECK(listen_of("\"line@unix:/a # b\"") == "unix:/a # b");
  CHECK(listen_of("\"line@unix:/a \"  # c") == "unix:/a ");
  CHECK(listen_of(R"("line@unix:/\"\\")") == "unix:/\"\\");
  CHECK(listen_of(R"(line@unix:/a"b)") == "unix:/a\"b");
  CHECK(listen_of("\"line@unix:/a").ends_with("the quote does not end"));
  CHECK(listen_of("\"line@unix:/a\\\"").ends_with("the quote does not end"));
  CHECK(
      listen_of("\"line@unix:/a\\").ends_with("in quotes, write \\\\ for a backslash and \\\" for a quote"));
  CHECK(listen_of("\"line@unix:/a\\n\"").ends_with("for a quote"));
  CHECK(listen_of("\"line@unix:/a\"b").ends_with("the quotes must hold the whole value"));
}

TEST_CASE("what is written as a value is read as the same") {
  for (const std::string value : {"/a", "/a b", "/ #", "/\"", "/\\", "/a#", "/a\\\"b # c", "/ "}) {
    CAPTURE(value);
    CHECK(listen_of(reactord::written_value("line@unix:" + value)) == "unix:" + value);
  }
  CHECK(reactord::written_value("") == "\"\"");
  CHECK(reactord::written_value("30s") == "30s");
  CHECK(reactord::written_value("\"x\"") == "\"\\\"x\\\"\"");
}

TEST_CASE("a later file counts for more, and listeners add up") {
  Configuration configuration(test::reactord_program());
  configuration.read("listen = line@:1\nidle-timeout = 1s\nlog-rate = 1\n", "a");
  configuration.read("listen = line@:2\nidle-timeout = 2s\n", "b");
  CHECK(configuration.take_mistakes().empty());
  CHECK(configuration.options().limits.idle_timeout == 2s);
  CHECK(configuration.options().log_rate == 1);
  REQUIRE(configuration.options().listen.size() == 2);
  configuration.read("listen = line@:1\n", "c");
  CHECK(configuration.take_mistakes() ==
        std::vector<std::string>{
            "c:1: listen = line@:1: the same place as line@:1: write one listen for each"});
}

TEST_CASE("two listeners at any free place are at two, and two at one place are told") {
  for (const char* place : {"unix:@", ":0", "127.0.0.1:0", "[::]:0"}) {
    CAPTURE(place);
    Configuration configuration =
        read("listen = line@" + std::string(place) + "\nlisten = echo@" + std::string(place));
    CHECK(configuration.take_mistakes().empty());
    CHECK(configuration.options().listen.size() == 2);
  }
  struct Pair {
    const char *one, *other;
    bool is_same;
  };
  for (const auto& [one, other, is_same] : {Pair{":9", "[::]:9", true},
                                            {":9", "0.0.0.0:9", true},
                                            {":9", "127.0.0.1:9", false},
                                            {":9", "tcp4::9", true},
                                            {"tcp6::9", ":9", true},
                                            {"tcp6::9", "tcp4::9", false},
                                            {"tcp4::9", "tcp4:0.0.0.0:9", true},
                                            {"127.0.0.1:9", "[::ffff:127.0.0.1]:9", true},
                                            {"[::1]:9", "[0::1]:9", true},
                                            {"[::1]:9", "[::1]:10", false},
                                            {"unix:/a", "unix:/a", true},
                                            {"unix:@a", "unix:@a", true},
                                            {"unix:@a", "unix:a", false},
                                            {"unix:1.2.3.4:5", "1.2.3.4:5", false},
                                            {"systemd:a", "unix:systemd:a", false},
                                            {"systemd:a", "systemd:a", true}}) {
    CAPTURE(one);
    CAPTURE(other);
    Configuration configuration =
        read("listen = line@" + std::string(one) + "\nlisten = echo@" + std::string(other));
    const auto mistakes = configuration.take_mistakes();
    CHECK(mistakes.empty() == !is_same);
    if (!mistakes.empty()) {
      CHECK(mistakes.front() == "f:2: listen = echo@" + std::string(other) + ": the same place as line@" +
                                    one + ": write one listen for each");
    }
  }
}

TEST_CASE("what would move a cursor is not printed") {
  Configuration configuration = read("x\x1b[31m = 1\n");
  CHECK(configuration.take_mistakes().front().starts_with("f:1: x\\u001b[31m = 1: unknown key"));
  CHECK(reactord::printable("a\nb\x7f\xc3\xa9") == "a\\nb\\u007f\xc3\xa9");
  CHECK(reactord::printable("\xc2\x9b\xe2\x80\xae\xff\\") == "\\u009b\\u202e\\xff\\");
}
