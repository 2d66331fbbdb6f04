// The line that names a program: what it comes to, and what is wrong with it.
#include "daemon/program_line.hpp"

#include <doctest/doctest.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "base/system_host.hpp"

using reactord::parse_program;
using reactord::ProgramMode;
using reactord::ProgramSettings;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

constexpr std::array<std::string_view, 2> protocols{"line", "echo"};

ProgramSettings parsed(const std::string& text) {
  auto settings = parse_program(text, protocols);
  REQUIRE_MESSAGE(settings.has_value(), settings.error());
  return *settings;
}

// The fault, without the text in front of it.
std::string mistake(const std::string& text) {
  const auto settings = parse_program(text, protocols);
  if (settings) return "none";
  REQUIRE(settings.error().starts_with(text + ": "));
  return settings.error().substr(text.size() + 2);
}

}  // namespace

TEST_CASE("a name and a command are enough, and everything else has its default") {
  const ProgramSettings settings = parsed("upper /srv/upper.py");
  ProgramSettings expected;
  expected.name = "upper";
  expected.command = {"/srv/upper.py"};
  CHECK(settings == expected);
  CHECK(settings.mode == ProgramMode::worker);
  CHECK(parsed("A-b_2 cat").name == "A-b_2");
}

TEST_CASE("options and variables stand between the name and the command") {
  const ProgramSettings settings = parsed(
      "upper workers=4 LANG=C timeout=10s _X= 'A_B=c d' http_proxy=x=y lines=7 worker-lines=70 queue=2MiB "
      "longest-answer=4KiB notices=yes terminal=yes directory=/srv mode=worker awk -f a=b 'c d' LATER=1");
  CHECK(settings.workers == 4);
  CHECK(settings.timeout == 10s);
  CHECK(settings.lines == 7);
  CHECK(settings.worker_lines == 70);
  CHECK(settings.queue == 2 * 1024 * 1024);
  CHECK(settings.longest_answer == 4096);
  CHECK(settings.notices);
  CHECK(settings.terminal);
  CHECK(settings.directory == "/srv");
  CHECK(settings.environment == Words{"LANG=C", "_X=", "A_B=c d", "http_proxy=x=y"});
  CHECK(settings.command == Words{"awk", "-f", "a=b", "c d", "LATER=1"});
}

TEST_CASE("a program for each connection has options of its own, wherever its mode stands") {
  for (const char* text :
       {"x mode=connection processes=5 starts=9 cat", "x processes=5 starts=9 mode=connection cat"}) {
    const ProgramSettings settings = parsed(text);
    CHECK(settings.mode == ProgramMode::connection);
    CHECK(settings.processes == 5);
    CHECK(settings.starts == 9);
  }
}

TEST_CASE("a word with a path is a command, whatever is in it") {
  for (const char* text : {"./a=b", "/a=b", "a/b=c", "=", "1=2", "-a=b", "'a b=c'"}) {
    CAPTURE(text);
    CHECK(parsed("x " + std::string(text)).command.size() == 1);
  }
}

TEST_CASE("there may be a worker for each processor, and a timeout of 0 is none") {
  CHECK(parsed("x workers=cpus cat").workers == reactord::system::usable_processors());
  CHECK(reactord::system::usable_processors() >= 1);
  CHECK(parsed("x timeout=0 cat").timeout == 0s);
}

TEST_CASE("what is wrong with a program is told with what would be right") {
  const std::string example = ": write NAME COMMAND, as in upper /usr/bin/python3 /srv/upper.py";
  struct Row {
    const char* text;
    std::string why;
  };
  const Row rows[] = {
      {"", "there is no name" + example},
      {"x", "there is no command behind \"x\"" + example},
      {"x workers=2", "there is no command behind \"workers=2\"" + example},
      {"workers=2 cat",
       "the first word is the name, of letters, digits, - and _, which \"workers=2\" is not" + example},
      {"-x cat", "the first word is the name, of letters, digits, - and _, which \"-x\" is not" + example},
      {"'' cat", "the first word is the name, of letters, digits, - and _, which \"\" is not" + example},
      {"line cat", "\"line\" is the name of a built-in protocol: give it another one"},
      {"x 'cat", "the quote ' does not end: write another one, or \\' for the character"},
      {"x cat | tr a b",
       "no shell reads this, so | has no effect: quote it, as in '|', or write /bin/sh -c '...'"},
      {"x worker=2 cat",
       "unknown option \"worker\", did you mean workers?; a variable of the environment has a capital letter "
       "or _, "
       "others are set by /usr/bin/env worker=VALUE"},
      {"x A-B=2 cat",
       "A-B: an option has small letters, digits and -; a variable of the environment has letters, digits "
       "and _"},
      {"x workers=2 workers=2 cat", "workers is given twice"},
      {"x A=2 A=3 cat", "A is given twice"},
      {"x workers= cat", "workers=: missing value"},
      {"x mode=workers cat", "mode=workers: unknown mode \"workers\", did you mean worker?"},
      {"x workers=0 cat", "workers=0: write a number from 1 to 1024, or cpus: one for each processor"},
      {"x workers=1025 cat", "workers=1025: write a number from 1 to 1024, or cpus: one for each processor"},
      {"x lines=0 cat", "lines=0: write a number from 1 to 1000000"},
      {"x worker-lines=x cat", "worker-lines=x: write a number from 1 to 1000000"},
      {"x queue=1 cat", "queue=1: must be from 1KiB to 1GiB"},
      {"x queue=1k cat", "queue=1k: write 1KiB (1KiB is 1024 bytes), or the number of bytes"},
      {"x longest-answer=2GiB cat", "longest-answer=2GiB: must be from 1KiB to 1GiB"},
      {"x timeout=5 cat", "timeout=5: write a number and a unit, as in 500ms, 30s, 2m, 1h"},
      {"x notices=on cat", "notices=on: write yes or no"},
      {"x directory=srv cat", "directory=srv: write an absolute path, as in /srv/upper"},
      {"x user=no-such-user-here cat",
       "user=no-such-user-here: unknown user \"no-such-user-here\": write the name of one that there is"},
      {"x mode=connection processes=0 cat", "processes=0: write a number from 1 to 100000"},
      {"x mode=connection starts=0 cat", "starts=0: write a number from 1 to 10000"},
      {"x processes=1 cat",
       "processes= is for mode=connection, and this program has mode=worker, which is the default: leave it "
       "out, or "
       "write mode=connection"},
      {"x workers=1 mode=connection cat",
       "workers= is for mode=worker, and this program has mode=connection: leave it out, or write "
       "mode=worker"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(mistake(row.text) == row.why);
  }
}

TEST_CASE("a program has the user that is named, if this process may change to it") {
  const passwd* const own = ::getpwuid(::geteuid());
  REQUIRE(own != nullptr);
  const std::string name = own->pw_name;
  const ProgramSettings settings = parsed("x user=" + name + " cat");
  CHECK(settings.user == name);
  if (::geteuid() != 0) {
    CHECK_FALSE(settings.user_ids.has_value());
    CHECK(mistake("x user=root cat").starts_with("user=root: to run a program as another user needs root"));
    return;
  }
  REQUIRE(settings.user_ids.has_value());
  CHECK(settings.user_ids->user == 0);
  const passwd* const other = ::getpwnam("nobody");
  REQUIRE(other != nullptr);
  const uid_t user = other->pw_uid;
  const ProgramSettings of_other = parsed("x user=nobody cat");
  REQUIRE(of_other.user_ids.has_value());
  CHECK(of_other.user_ids->user == user);
  CHECK_FALSE(of_other.user_ids->supplementary.empty());
}

TEST_CASE("the name of a program is known even where its line is wrong") {
  CHECK(reactord::program_name("upper 'x") == "upper");
  CHECK(reactord::program_name("  upper\t") == "upper");
  CHECK(reactord::program_name("").empty());
}
