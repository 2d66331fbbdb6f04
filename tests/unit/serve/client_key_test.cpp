// Which addresses are one client.
#include "serve/client_key.hpp"

#include <doctest/doctest.h>
#include <net/if.h>

#include <string>

using reactord::Address;
using reactord::client_key;

namespace {

Address parsed(const std::string& text) {
  auto address = Address::parse(text);
  REQUIRE_MESSAGE(address.has_value(), text);
  return *address;
}

bool is_one_client(const std::string& left, const std::string& right, unsigned prefix = 64) {
  const auto one = client_key(parsed(left), prefix), other = client_key(parsed(right), prefix);
  REQUIRE(one.has_value());
  REQUIRE(other.has_value());
  return *one == *other;
}

}  // namespace

TEST_CASE("which addresses are one client, by the ranges of the RFCs") {
  struct Row {
    const char* range;
    const char *one, *other;
    bool is_one;
  };
  for (const Row& row :
       {Row{"IPv4", "192.0.2.1:1", "192.0.2.1:2", true},
        Row{"IPv4", "192.0.2.1:1", "192.0.2.2:1", false},
        Row{"global", "[2001:db8:1:2::3]:1", "[2001:db8:1:2:ffff::4]:1", true},
        Row{"global", "[2001:db8:1:2::3]:1", "[2001:db8:1:3::3]:1", false},
        Row{"unique local", "[fd00:1:2:3::1]:1", "[fd00:1:2:3::2]:1", true},
        Row{"link-local", "[fe80::1]:1", "[fe80::1]:2", true},
        Row{"link-local", "[fe80::1]:1", "[fe80::2]:1", false},
        Row{"link-local", "[febf::1]:1", "[febf::2]:1", false},
        Row{"not link-local any more", "[fec0::1]:1", "[fec0::2]:1", true},
        Row{"NAT64", "[64:ff9b::192.0.2.1]:1", "[64:ff9b::192.0.2.1]:2", true},
        Row{"NAT64", "[64:ff9b::192.0.2.1]:1", "[64:ff9b::192.0.2.2]:1", false},
        Row{"NAT64", "[64:ff9b::192.0.2.1]:1", "192.0.2.1:1", true},
        Row{"NAT64 of the site", "[64:ff9b:1::1]:1", "[64:ff9b:1::2]:1", false},
        Row{"no NAT64", "[64:ff9b:2::1]:1", "[64:ff9b:2::2]:1", true},
        Row{"6to4", "[2002:c000:201::1]:1", "[2002:c000:201:ffff::2]:1", true},
        Row{"6to4", "[2002:c000:201::1]:1", "192.0.2.1:1", true},
        Row{"6to4", "[2002:c000:201::1]:1", "[2002:c000:202::1]:1", false},
        Row{"Teredo", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]:1", "192.0.2.45:1", true},
        Row{"Teredo", "[2001::8000:63bf:3fff:fdd2]:1", "[2001::1:3fff:fdd2]:1", true},
        Row{"Teredo", "[2001::8000:63bf:3fff:fdd2]:1", "[2001::8000:63bf:3fff:fdd3]:1", false},
        Row{"ORCHIDv2", "[2001:20::1]:1", "[2001:20::2]:1", false},
        Row{"ORCHIDv2", "[2001:2f::1]:1", "[2001:2f::2]:1", false},
        Row{"no ORCHIDv2", "[2001:30::1]:1", "[2001:30::2]:1", true}}) {
    CAPTURE(row.range);
    CAPTURE(row.one);
    CAPTURE(row.other);
    CHECK(is_one_client(row.one, row.other) == row.is_one);
  }
  // Ranges count as they are whatever the prefix is.
  CHECK_FALSE(is_one_client("[fe80::1]:1", "[fe80::2]:1", 0));
  CHECK(is_one_client("[2001:db8::1]:1", "[fd00::1]:1", 0));
  CHECK_FALSE(is_one_client("[2001:db8::1]:1", "[2001:db8::2]:1", 128));
}

TEST_CASE("a link-local address is another client on another link") {
  const unsigned loopback = ::if_nametoindex("lo");
  REQUIRE(loopback > 0);
  const std::string zone = std::to_string(loopback), other = std::to_string(loopback + 7);
  CHECK(is_one_client("[fe80::1%" + zone + "]:1", "[fe80::1%" + zone + "]:2"));
  CHECK_FALSE(is_one_client("[fe80::1%" + zone + "]:1", "[fe80::1%" + other + "]:1"));
}

TEST_CASE("a unix client whose user is known is counted by it, and by nothing else") {
  Address one = parsed("unix:@"), other = parsed("unix:/some/path"), third = parsed("unix:@");
  CHECK_FALSE(client_key(one, 64).has_value());
  one.set_credentials(reactord::PeerCredentials{.process = 10, .user = 1000});
  other.set_credentials(reactord::PeerCredentials{.process = 11, .user = 1000});
  third.set_credentials(reactord::PeerCredentials{.process = 10, .user = 0});
  CHECK(client_key(one, 64) == client_key(other, 64));
  CHECK(client_key(one, 64) != client_key(third, 64));
  CHECK(Address(other).credentials() == other.credentials());
  other.set_credentials(std::nullopt);
  CHECK_FALSE(client_key(other, 64).has_value());
  CHECK_FALSE(client_key(Address::pipe(), 64).has_value());
}
