// The line that reactordctl sends, and the socket that it sends it to.
#include "control/request.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "control/socket_place.hpp"
#include "support/process.hpp"

using namespace std::string_literals;
using reactord::control::find_socket;
using reactord::control::request_of;
using reactord::control::usual_sockets;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_SUITE("reactordctl request") {
  TEST_CASE("it is the words with a space between them, and --json behind them where that is wanted") {
    CHECK(request_of(Words{"stats"}, false) == "stats\n");
    CHECK(request_of(Words{"connections", "state=idle", "limit=2"}, true) ==
          "connections state=idle limit=2 --json\n");
    CHECK(request_of(Words{"connections state=idle"}, false) == "connections state=idle\n");
  }

  TEST_CASE("a word that would end the line is refused, wherever it is") {
    for (const std::string& word : {"7\nkill 8"s, "\n"s, "7\r"s, "7\0"s}) {
      CHECK(request_of(Words{"kill", word}, false).error().starts_with("a command is one line"));
      CHECK(request_of(Words{word, "7"}, false).error().starts_with("a command is one line"));
    }
  }

  TEST_CASE("one without a command is refused") {
    for (const Words& words : std::vector<Words>{{""}, {" "}, {"", "\t"}}) {
      CHECK(request_of(words, true).error().starts_with("the command is empty"));
    }
  }
}

TEST_SUITE("reactordctl socket") {
  TEST_CASE("the option counts more than the variable, and that more than what is there") {
    const test::TemporaryDirectory directory;
    const Words usual{directory.path("control.sock")};
    test::write_file(usual.front(), "");
    CHECK(find_socket("/a", "/b", usual) == "/a");
    CHECK(find_socket("", "/b", usual) == "/b");
    CHECK(find_socket("", "unix:/b", usual) == "/b");
    CHECK(find_socket("", "@name", usual) == "@name");
    CHECK(find_socket("", "", usual) == usual.front());
  }

  TEST_CASE("of the usual ones it is the first that is there") {
    const test::TemporaryDirectory directory;
    const Words usual{directory.path("no/control.sock"), directory.path("b.sock"), directory.path("c.sock")};
    const auto none = find_socket("", "", usual);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().starts_with("there is no " + usual[0] + " and no " + usual[1] + " and no " + usual[2] +
                                   ": set control = "));
    test::write_file(usual[2], "");
    CHECK(find_socket("", "", usual) == usual[2]);
    test::write_file(usual[1], "");
    CHECK(find_socket("", "", usual) == usual[1]);
  }

  TEST_CASE("the usual ones are the system's, and the user's where there is a folder for it") {
    CHECK(usual_sockets("") == Words{"/run/reactord/control.sock"});
    CHECK(usual_sockets("/run/user/7") ==
          Words{"/run/reactord/control.sock", "/run/user/7/reactord/control.sock"});
  }
}
