#include "protocols/programs/silence_hint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using reactord::silence_hint;

TEST_CASE("each kind of program has a cure of its own, however it is started") {
  struct Row {
    std::vector<std::string> command;
    std::string_view cure;  // is in the hint
  };
  const Row rows[] = {
      {{"python3", "/srv/upper.py"}, "flush=True"},
      {{"/usr/bin/python3.11", "-m", "upper"}, "for line in sys.stdin"},
      {{"/opt/pypy3/bin/pypy3.10"}, "flush=True"},
      {{"perl", "-ne", "print uc"}, "$| = 1"},
      {{"/usr/bin/ruby3.1"}, "$stdout.sync = true"},
      {{"node", "upper.js"}, "console.log()"},
      {{"lua5.4"}, "setvbuf"},
      {{"mawk", "{print}"}, "-W interactive"},
      {{"awk", "{print}"}, "-W interactive"},
      {{"awk", "{print}"}, "fflush()"},
      {{"gawk", "{print}"}, "fflush()"},
      {{"sed", "s/a/b/"}, "sed -u"},
      {{"/bin/grep", "a"}, "--line-buffered"},
      {{"jq", "."}, "--unbuffered"},
      {{"tr", "a-z", "A-Z"}, "stdbuf -oL"},
      {{"cut", "-c1"}, "terminal=yes"},
      {{"sort"}, "when its input has ended"},
      {{"bash", "-c", "tr a b"}, "the programs that the shell starts"},
      {{"/srv/upper"}, "flush its output after each line, or write terminal=yes"},
      {{"env", "-i", "LC_ALL=C", "grep", "a"}, "--line-buffered"},
      {{"/usr/bin/env", "-u", "HOME", "-C", "/srv", "python3", "x"}, "flush=True"},
      {{"nice", "-n", "5", "nohup", "sed", "p"}, "sed -u"},
      {{"timeout", "-s", "KILL", "10s", "perl", "x"}, "$| = 1"},
      {{"stdbuf", "-oL", "sed", "p"}, "sed -u"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.command.front());
    CAPTURE(row.cure);
    CAPTURE(silence_hint(row.command));
    CHECK(silence_hint(row.command).find(row.cure) != std::string_view::npos);
  }
}

TEST_CASE("a cure that is there already is not told again, and odd commands have the general one") {
  const std::string_view general = silence_hint({"/srv/upper"});
  CHECK(silence_hint({"stdbuf", "-oL", "tr", "a", "b"}) == general);
  CHECK(silence_hint({"env"}) == general);
  CHECK(silence_hint({"env", "-u"}) == general);
  CHECK(silence_hint({"timeout"}) == general);
  CHECK(silence_hint({""}) == general);
  CHECK(silence_hint({"/"}) == general);
  CHECK(silence_hint({"3.14"}) == general);
  CHECK(silence_hint({}) == general);
}
