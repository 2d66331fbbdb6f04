// Networks by name, hosts and ports apart and together, and what an address may be on each network.
#include "reactord/network.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "reactord/address.hpp"

using reactord::Address;
using reactord::ErrorCode;
using reactord::Network;
using reactord::parse_network;
using reactord::parse_port;
using reactord::split_host_port;
using Kind = reactord::Address::Kind;

namespace {

// How `text` prints as an address of `network`; or why it is none.
std::string parsed(Network network, std::string_view text) {
  const auto address = Address::parse(network, text);
  return address ? address->text() : address.error().text();
}

}  // namespace

TEST_CASE("[110] a host and a port come apart, and go together again") {
  struct Row {
    const char *text, *host, *port, *joined;
  };
  constexpr Row table[] = {
      {"localhost:http", "localhost", "http", "localhost:http"},
      {"localhost:80", "localhost", "80", "localhost:80"},
      {"localhost%lo0:80", "localhost%lo0", "80", "localhost%lo0:80"},
      {"[localhost%lo0]:80", "localhost%lo0", "80", "localhost%lo0:80"},
      {"127.0.0.1:80", "127.0.0.1", "80", "127.0.0.1:80"},
      {"[127.0.0.1]:80", "127.0.0.1", "80", "127.0.0.1:80"},
      {"[::1]:80", "::1", "80", "[::1]:80"},
      {"[::1]:http", "::1", "http", "[::1]:http"},
      {"[fe80::1%lo0]:80", "fe80::1%lo0", "80", "[fe80::1%lo0]:80"},
      {"[fe80::1%lo0]:http", "fe80::1%lo0", "http", "[fe80::1%lo0]:http"},
      {":80", "", "80", ":80"},
      {":http", "", "http", ":http"},
      {":", "", "", ":"},
      {"[]:80", "", "80", ":80"},
      {"example.com:", "example.com", "", "example.com:"},
      {"127.0.0.1:", "127.0.0.1", "", "127.0.0.1:"},
      {"[::1]:", "::1", "", "[::1]:"},
      {"example.com:https%foo", "example.com", "https%foo", "example.com:https%foo"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto split = split_host_port(row.text);
    REQUIRE(split.has_value());
    CHECK(split->host == row.host);
    CHECK(split->port == row.port);
    CHECK(reactord::join_host_port(row.host, row.port) == row.joined);
  }
}

TEST_CASE("[110] what is no host and port is refused with the reason") {
  struct Row {
    const char *text, *reason;
  };
  constexpr Row table[] = {
      {"example.com", "missing port in address"},
      {"127.0.0.1", "missing port in address"},
      {"[::1]", "missing port in address"},
      {"[fe80::1%lo0]", "missing port in address"},
      {"[localhost%lo0]", "missing port in address"},
      {"localhost%lo0", "missing port in address"},
      {"::1", "too many colons in address"},
      {"fe80::1%lo0", "too many colons in address"},
      {"fe80::1%lo0:80", "too many colons in address"},
      {"[a:b]", "missing port in address"},
      {"[a:b]c", "missing port in address"},
      {"[a]b:c", "missing port in address"},
      {"[a]:[b]:c", "too many colons in address"},
      {"[a]:[b]c", "unexpected '[' in address"},
      {"[a]:b]c", "unexpected ']' in address"},
      {"[a]:b[c", "unexpected '[' in address"},
      {"a[b]:c", "unexpected '[' in address"},
      {"a]b:c", "unexpected ']' in address"},
      {"[::1:80", "missing ']' in address"},
      {"[a:80", "missing ']' in address"},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto split = split_host_port(row.text);
    REQUIRE_FALSE(split.has_value());
    CHECK(split.error() == ErrorCode::invalid);
    CHECK(split.error().text() == "address " + std::string(row.text) + ": " + row.reason);
  }
  CHECK(split_host_port("").error().text() == "missing address");
}

TEST_CASE("[111] a port is a number from 0 to 65535, or nothing at all for 0") {
  struct Row {
    const char* text;
    int port;
  };
  constexpr Row table[] = {
      {"", 0},        {"0", 0},         {"1", 1},      {"42", 42},    {"080", 80},
      {"000042", 42}, {"65535", 65535}, {"65536", -1}, {"99999", -1}, {"123456789", -1},
      {"-1", -1},     {"-0", -1},       {"+42", -1},   {"-42", -1},   {"18446744073709551616", -1},
      {"http", -1},   {"80x", -1},      {"x80", -1},   {" 80", -1},   {"80 ", -1},
      {"0x50", -1},   {"8 0", -1},      {"8.0", -1},   {"%", -1},     {"4294967296", -1},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto port = parse_port(row.text);
    CHECK(port.has_value() == (row.port >= 0));
    if (port) {
      CHECK(*port == row.port);
    } else {
      CHECK(port.error() == ErrorCode::invalid);
      CHECK(port.error().text() == "address " + std::string(row.text) + ": invalid port");
    }
  }
}

TEST_CASE("networks have names; what has none is refused by its own") {
  for (const Network network : {Network::tcp, Network::tcp4, Network::tcp6, Network::unix_socket}) {
    const auto found = parse_network(to_string(network));
    REQUIRE(found.has_value());
    CHECK(*found == network);
  }
  CHECK(std::string_view(to_string(Network::unix_socket)) == "unix");
  CHECK(std::string_view(to_string(Network::pipe)) == "pipe");
  for (const char* name : {"", "foo", "TCP", "tcp5", "udp", "unixgram", "unixpacket", "pipe", "tcp "}) {
    CAPTURE(name);
    const auto network = parse_network(name);
    REQUIRE_FALSE(network.has_value());
    CHECK(network.error() == ErrorCode::invalid);
    CHECK(network.error().text() == "unknown network " + std::string(name));
  }
}

TEST_CASE("the network says what a text is, and which family it may be of") {
  CHECK(parsed(Network::tcp, "") == ":0");
  CHECK(parsed(Network::tcp4, "") == "0.0.0.0:0");
  CHECK(parsed(Network::tcp6, "") == "[::]:0");
  CHECK(parsed(Network::unix_socket, "") == "@");
  CHECK(Address::parse(Network::unix_socket, "")->kind() == Kind::unix_abstract);

  CHECK(parsed(Network::tcp, ":80") == ":80");
  CHECK(parsed(Network::tcp4, ":80") == "0.0.0.0:80");
  CHECK(parsed(Network::tcp6, ":80") == "[::]:80");
  CHECK(parsed(Network::tcp, "127.0.0.1:80") == "127.0.0.1:80");
  CHECK(parsed(Network::tcp, "[::1]:80") == "[::1]:80");
  CHECK(parsed(Network::tcp4, "127.0.0.1:80") == "127.0.0.1:80");
  CHECK(parsed(Network::tcp4, "[::ffff:127.0.0.1]:80") == "127.0.0.1:80");
  CHECK(parsed(Network::tcp6, "[::1]:80") == "[::1]:80");
  CHECK(parsed(Network::tcp4, "[::1]:80") == "address ::1: no suitable address found");
  CHECK(parsed(Network::tcp6, "127.0.0.1:80") == "address 127.0.0.1: no suitable address found");
  CHECK(parsed(Network::tcp6, "[::ffff:127.0.0.1]:80") == "address 127.0.0.1: no suitable address found");

  CHECK(parsed(Network::unix_socket, "/run/x.sock") == "/run/x.sock");
  CHECK(parsed(Network::unix_socket, "unix:x") == "unix:x");  // there, it is a part of the path
  CHECK(parsed(Network::unix_socket, "127.0.0.1:80") == "127.0.0.1:80");
  CHECK(Address::parse(Network::unix_socket, "127.0.0.1:80")->kind() == Kind::unix_path);
  CHECK(parsed(Network::unix_socket, "@name") == "@name");
  CHECK(parsed(Network::tcp, "/run/x.sock") == "address /run/x.sock: missing port in address");
}
