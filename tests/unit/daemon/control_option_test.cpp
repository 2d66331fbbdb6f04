// ControlOption: what an operator may write for the place of the control socket, and whom it lets in.
#include "daemon/control_option.hpp"

#include <doctest/doctest.h>

#include "daemon/control_access.hpp"

using namespace reactord;

namespace {

std::string mistake(std::string_view text) {
  const auto option = parse_control(text);
  return option ? "none" : option.error();
}

ControlOption option_of(std::string_view text) {
  auto option = parse_control(text);
  REQUIRE(option.has_value());
  return std::move(*option);
}

constexpr PeerCredentials root{.process = 1, .user = 0};
constexpr PeerCredentials own{.process = 2, .user = 500};
constexpr PeerCredentials other{.process = 3, .user = 501};

bool lets_in(std::string_view text, const PeerCredentials& peer) {
  return may_control(peer, own.user, option_of(text));
}

}  // namespace

TEST_CASE("a control socket is a path or a name, and the path has a mode of its own") {
  CHECK_FALSE(option_of("none").is_on());
  const ControlOption path = option_of("unix:/run/c.sock");
  CHECK(path.address == "unix:/run/c.sock");
  CHECK(path.has_file());
  CHECK(path.file.mode == 0600U);
  const ControlOption wide = option_of("unix:/run/c.sock mode=0660 group=0");
  CHECK(wide.address == "unix:/run/c.sock");
  CHECK(wide.file.mode == 0660U);
  CHECK(wide.file.group == 0U);
  const ControlOption name = option_of("unix:@control");
  CHECK(name.is_on());
  CHECK_FALSE(name.has_file());
  CHECK_FALSE(name.file.mode.has_value());
}

TEST_CASE("what is no unix socket is refused, and it is said what would be right") {
  for (const std::string text : {"127.0.0.1:9", ":9090", "line@unix:/c", "/run/c.sock", "None"}) {
    CAPTURE(text);
    CHECK(mistake(text) == text +
                               ": a control socket is a unix socket: write unix:/run/reactord/control.sock, "
                               "unix:@name, or none for no control socket");
  }
  for (const std::string text : {"unix:", "unix:@"}) {
    CAPTURE(text);
    CHECK(mistake(text).find("write unix:/run/reactord/control.sock") != std::string::npos);
  }
  CHECK(mistake("unix:/c mode=9") ==
        "unix:/c mode=9: write mode=0600, 0660 or 0666, an octal number up to 0777");
  CHECK(mistake("unix:@c mode=0600") ==
        "unix:@c mode=0600: mode, owner and group are of the file of a unix path, which this is not");
  CHECK(mistake("unix:/c\n") == "unix:/c\n: must not hold a control character");
}

TEST_CASE("root and the daemon's own user may command it, others where the file lets them") {
  for (const std::string text : {"unix:/c", "unix:/c mode=0666", "unix:@c"}) {
    CAPTURE(text);
    CHECK(lets_in(text, root));
    CHECK(lets_in(text, own));
    CHECK_FALSE(may_control({}, own.user, option_of(text)));
  }
  CHECK_FALSE(lets_in("unix:/c", other));
  CHECK_FALSE(lets_in("unix:/c mode=0644", other));  // to read is not to connect
  CHECK_FALSE(lets_in("unix:@c", other));
  CHECK(lets_in("unix:/c mode=0660", other));
  CHECK(lets_in("unix:/c mode=0602", other));
  CHECK(lets_in("unix:/c owner=501", other));
}
