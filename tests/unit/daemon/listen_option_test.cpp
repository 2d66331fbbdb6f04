// Listen options: what may be written, where it listens, and which of them are at the same place.
#include "daemon/listen_option.hpp"

#include <doctest/doctest.h>

#include <string>

#include "daemon/listen_list.hpp"
#include "support/reactord_program.hpp"

using reactord::listen_place;
using reactord::ListenList;
using reactord::ListenOption;
using reactord::Network;
using reactord::parse_listen;

namespace {

ListenOption parsed(const char* text) {
  auto option = parse_listen(text, test::reactord_program());
  REQUIRE_MESSAGE(option.has_value(), text);
  return *option;
}

// True when the place of `first` keeps `second` from being listed beside it.
bool keeps_out(const char* first, const char* second) {
  ListenList list;
  REQUIRE(list.add(parsed(first)) == nullptr);
  return list.add(parsed(second)) != nullptr;
}

std::string mistake(const char* text) {
  const auto option = parse_listen(text, test::reactord_program());
  return option ? "none" : option.error();
}

}  // namespace

TEST_CASE("an address may be written for one family alone") {
  struct Row {
    const char* text;
    Network network;
    const char* address;
  };
  for (const Row& row :
       {Row{"line@:9090", Network::tcp, ":9090"}, Row{"line@0.0.0.0:9090", Network::tcp, "0.0.0.0:9090"},
        Row{"line@tcp::9090", Network::tcp, ":9090"}, Row{"line@tcp4::9090", Network::tcp4, "0.0.0.0:9090"},
        Row{"line@tcp4:0.0.0.0:9090", Network::tcp4, "0.0.0.0:9090"},
        Row{"line@tcp6::9090", Network::tcp6, "[::]:9090"},
        Row{"line@tcp6:[::]:9090", Network::tcp6, "[::]:9090"},
        Row{"line@tcp4:127.0.0.1:1", Network::tcp4, "127.0.0.1:1"},
        Row{"line@unix:tcp4:x", Network::unix_socket, "tcp4:x"}}) {
    CAPTURE(row.text);
    const auto place = listen_place(parsed(row.text));
    REQUIRE(place.has_value());
    CHECK(place->network == row.network);
    CHECK(place->address.text() == row.address);
  }
  CHECK(mistake("line@tcp4:[::1]:80")
            .starts_with("line@tcp4:[::1]:80: address ::1: no suitable address found"));
  CHECK(mistake("line@tcp6:127.0.0.1:80").find("no suitable address found") != std::string::npos);
}

TEST_CASE("behind a unix path stand the mode and the owner of its file") {
  const ListenOption option = parsed("line@unix:/run/x.sock  mode=0660 owner=0 group=root");
  CHECK(option.address == "unix:/run/x.sock");
  CHECK(option.file.mode == 0660U);
  CHECK(option.file.owner == 0U);
  CHECK(option.file.group == 0U);
  CHECK(parsed("line@unix:/a b").address == "unix:/a b");
  CHECK(parsed("line@unix:/x").file == reactord::SocketFileOptions{});
}

TEST_CASE("what is wrong behind a unix path is told with what would be right") {
  struct Row {
    const char* text;
    const char* why;
  };
  for (const Row& row :
       {Row{"line@unix:/x mode=0999", "write mode=0600, 0660 or 0666, an octal number up to 0777"},
        Row{"line@unix:/x mode=1777", "write mode=0600, 0660 or 0666, an octal number up to 0777"},
        Row{"line@unix:/x mode=", "write mode=0600, 0660 or 0666, an octal number up to 0777"},
        Row{"line@unix:/x mode=-1", "write mode=0600, 0660 or 0666, an octal number up to 0777"},
        Row{"line@unix:/x mode=0600 mode=0600", "mode is given twice"},
        Row{"line@unix:/x moed=0600", "unknown \"moed\", did you mean mode?"},
        Row{"line@unix:/x owner=no-such-user-here",
            "unknown user \"no-such-user-here\": write a name or a number that there is"},
        Row{"line@unix:/x group=4294967295",
            "unknown group \"4294967295\": write a name or a number that there is"},
        Row{"line@unix:@x mode=0600",
            "mode, owner and group are of the file of a unix path, which this is not"},
        Row{"line@:80 mode=0600", "mode, owner and group are of the file of a unix path, which this is not"},
        Row{"line@systemd:x mode=0600",
            "mode, owner and group are of the file of a unix path, which this is not"}}) {
    CHECK(mistake(row.text) == std::string(row.text) + ": " + row.why);
  }
}

TEST_CASE("which listen options are at the same place") {
  struct Row {
    const char *one, *other;
    bool is_same;
  };
  for (const Row& row :
       {Row{"line@:80", "echo@0.0.0.0:80", true}, Row{"line@:80", "line@[::]:80", true},
        Row{"line@:80", "line@tcp4::80", true}, Row{"line@tcp6::80", "line@:80", true},
        Row{"line@tcp4::80", "line@tcp6::80", false}, Row{"line@:80", "line@:81", false},
        Row{"line@:80", "line@tcp4::8", false}, Row{"line@:0", "line@:0", false},
        Row{"line@127.0.0.1:80", "line@[::ffff:127.0.0.1]:80", true},
        Row{"line@127.0.0.1:80", "line@tcp4:127.0.0.1:80", true},
        Row{"line@127.0.0.1:80", "line@:80", false},  // the kernel's to say
        Row{"line@unix:/x", "echo@unix:/x mode=0600", true}, Row{"line@unix:/x", "line@unix:@/x", false},
        Row{"line@unix:@", "line@unix:@", false},  // the kernel chooses a name for each
        Row{"line@systemd:a", "echo@systemd:a", true}, Row{"line@systemd:a", "line@systemd:b", false}}) {
    CAPTURE(row.one);
    CAPTURE(row.other);
    CHECK(keeps_out(row.one, row.other) == row.is_same);
    CHECK(keeps_out(row.other, row.one) == row.is_same);
  }
}
