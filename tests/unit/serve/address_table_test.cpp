// AddressTable: which addresses are one client, what is forgotten when, and the bound.
#include "serve/address_table.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <string>

using reactord::Address;
using reactord::AddressTable;
using reactord::Pace;
using reactord::Time;
using namespace std::chrono_literals;

namespace {

constexpr Time now = Time::from_nanoseconds(1'000'000'000);
const Pace pace({.per_second = 1, .burst = 1});

Address parse(const std::string& text) {
  auto address = Address::parse(text);
  REQUIRE(address.has_value());
  return *address;
}

bool same_client(const AddressTable& table, const char* left, const char* right) {
  const auto one = table.key_of(parse(left)), two = table.key_of(parse(right));
  REQUIRE(one.has_value());
  return one == two;
}

// The number-th of many clients of IPv4.
Address client(unsigned number) {
  return parse("10." + std::to_string(number >> 16) + '.' + std::to_string(number >> 8 & 255) + '.' +
               std::to_string(number & 255) + ":1");
}

}  // namespace

TEST_CASE("the hash is SipHash-2-4 by its published vector") {
  const auto bytes = [](std::uint8_t from) {
    std::array<std::uint8_t, 16> all{};
    for (std::uint8_t index = 0; index < all.size(); ++index)
      all[index] = static_cast<std::uint8_t>(from + index);
    return std::bit_cast<AddressTable::Key>(all);
  };
  CHECK(AddressTable::hash(bytes(0), bytes(0)) == 0x3f2acc7f57c29bdb);
  CHECK(AddressTable::hash(bytes(0), bytes(1)) != AddressTable::hash(bytes(0), bytes(0)));
  CHECK(AddressTable::hash(bytes(1), bytes(0)) != AddressTable::hash(bytes(0), bytes(0)));
}

TEST_CASE("a client is a whole IPv4 address, or the prefix of an IPv6 one, whatever the port") {
  const AddressTable table(64);
  CHECK(same_client(table, "192.0.2.1:1", "192.0.2.1:2"));
  CHECK(same_client(table, "192.0.2.1:1", "[::ffff:192.0.2.1]:2"));
  CHECK_FALSE(same_client(table, "192.0.2.1:1", "192.0.2.2:1"));
  CHECK(same_client(table, "[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::2]:2"));
  CHECK_FALSE(same_client(table, "[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1"));
  CHECK_FALSE(same_client(table, "[::]:1", "0.0.0.0:1"));
}

TEST_CASE("an IPv6 prefix may have any length, that of none and of all bits too") {
  CHECK(same_client(AddressTable(0), "[2001:db8::1]:1", "[fd00::1]:1"));
  CHECK_FALSE(same_client(AddressTable(0), "[2001:db8::1]:1", "192.0.2.1:1"));
  CHECK(same_client(AddressTable(33), "[2001:db8:7fff::1]:1", "[2001:db8::1]:1"));
  CHECK_FALSE(same_client(AddressTable(33), "[2001:db8:8000::1]:1", "[2001:db8::1]:1"));
  CHECK_FALSE(same_client(AddressTable(128), "[2001:db8::1]:1", "[2001:db8::2]:1"));
  CHECK_FALSE(same_client(AddressTable(1000), "[2001:db8::1]:1", "[2001:db8::2]:1"));
  CHECK(same_client(AddressTable(127), "[2001:db8::2]:1", "[2001:db8::3]:1"));
}

TEST_CASE("unix peers and pipes are nobody's address") {
  AddressTable table(64);
  for (const Address& address : {parse("unix:/run/x"), parse("unix:@x"), Address::pipe(), Address()}) {
    CHECK_FALSE(table.key_of(address).has_value());
    CHECK(table.enter(address, now) == nullptr);
    CHECK(table.find(address) == nullptr);
  }
  CHECK(table.size() == 0);
}

TEST_CASE("an entry is forgotten once it has no connection and owes nothing") {
  AddressTable table(64);
  auto* entry = table.enter(client(1), now);
  REQUIRE(entry != nullptr);
  CHECK(table.enter(client(1), now) == entry);
  table.add(*entry);
  table.add(*entry);
  CHECK(table.check());
  table.remove(*entry, now);
  CHECK(table.find(client(1)) == entry);
  CHECK(entry->served() == 1);
  table.remove(*entry, now);
  CHECK(table.size() == 0);

  entry = table.enter(client(1), now);
  table.add(*entry);
  CHECK(entry->bucket.take(pace, now));
  table.remove(*entry, now);
  CHECK(table.find(client(1)) == entry);  // it owes a second
  CHECK(table.check());
  CHECK(table.enter(client(2), now + 999ms) != nullptr);
  CHECK(table.find(client(1)) == entry);
  CHECK(table.enter(client(3), now + 1s) != nullptr);
  CHECK(table.find(client(1)) == nullptr);
  CHECK(table.check());
}

TEST_CASE(
    "at the bound the oldest without connections makes room, and where there is none nobody is counted") {
  AddressTable table(64);
  const auto owe = [&](unsigned number) {
    auto* entry = table.enter(client(number), now);
    REQUIRE(entry != nullptr);
    CHECK(entry->bucket.take(pace, now));
    return entry;
  };
  table.add(*owe(0));
  for (unsigned number = 1; number < AddressTable::max_entries; ++number) owe(number);
  CHECK(table.size() == AddressTable::max_entries);
  table.add(*owe(70'000));
  CHECK(table.size() == AddressTable::max_entries);
  CHECK(table.find(client(1)) == nullptr);
  CHECK(table.find(client(0)) != nullptr);
  CHECK(table.find(client(2)) != nullptr);
  for (unsigned number = 2; number < AddressTable::max_entries; ++number)
    table.add(*table.find(client(number)));
  CHECK(table.enter(client(80'000), now) == nullptr);
  CHECK(table.check());
  table.remove(*table.find(client(5)), now);
  CHECK(table.enter(client(80'000), now) != nullptr);
  CHECK(table.find(client(5)) == nullptr);
  CHECK(table.check());
}
