#include "serve/client_key.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace reactord {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

enum class Part : std::uint8_t {
  whole,          // including the zone
  ip4_at_end,     // the last four bytes
  ip4_at_second,  // bytes 2 to 5
  inverted_ip4,   // the last four, inverted
};

struct Range {
  std::array<std::uint8_t, 12> bytes;
  unsigned bits;
  Part part;
};

constexpr Range ranges[] = {
    {{0xfe, 0x80}, 10, Part::whole},
    {{0x00, 0x64, 0xff, 0x9b}, 96, Part::ip4_at_end},
    {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48, Part::whole},
    {{0x20, 0x02}, 16, Part::ip4_at_second},
    {{0x20, 0x01, 0x00, 0x00}, 32, Part::inverted_ip4},
    {{0x20, 0x01, 0x00, 0x20}, 28, Part::whole},
};

bool is_in(const Bytes& address, const Range& range) noexcept {
  for (unsigned index = 0; index * 8 < range.bits; ++index) {
    const unsigned kept = std::min(range.bits - index * 8, 8U);
    const unsigned mask = 0xff00U >> kept & 0xffU;
    if ((address[index] & mask) != (range.bytes[index] & mask)) return false;
  }
  return true;
}

ClientKey key_of_ip4(const std::uint8_t* four, std::uint8_t inverted = 0) noexcept {
  Bytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  for (std::size_t index = 0; index < 4; ++index) bytes[12 + index] = four[index] ^ inverted;
  return std::bit_cast<ClientKey>(bytes);
}

// Link-local addresses have 54 zero bits behind their first ten (RFC 4291, 2.5.6): there is room for the zone.
ClientKey whole_key(Bytes bytes, std::uint32_t zone) noexcept {
  if (zone != 0) std::memcpy(&bytes[4], &zone, sizeof zone);
  return std::bit_cast<ClientKey>(bytes);
}

ClientKey key_of_ip6(const sockaddr_in6& address, unsigned prefix) noexcept {
  Bytes bytes{};
  std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
  for (const Range& range : ranges) {
    if (!is_in(bytes, range)) continue;
    switch (range.part) {
      case Part::whole:
        return whole_key(bytes, address.sin6_scope_id);
      case Part::ip4_at_end:
        return key_of_ip4(&bytes[12]);
      case Part::ip4_at_second:
        return key_of_ip4(&bytes[2]);
      case Part::inverted_ip4:
        return key_of_ip4(&bytes[12], 0xff);
    }
  }
  for (unsigned index = 0; index < bytes.size(); ++index) {
    const unsigned kept = std::clamp(prefix, index * 8, index * 8 + 8) - index * 8;
    bytes[index] = static_cast<std::uint8_t>(bytes[index] & (0xff00U >> kept));
  }
  return std::bit_cast<ClientKey>(bytes);
}

// A multicast address belongs to no client.
ClientKey key_of_user(std::uint32_t user) noexcept {
  Bytes bytes{};
  bytes[0] = 0xff;
  std::memcpy(&bytes[12], &user, sizeof user);
  return std::bit_cast<ClientKey>(bytes);
}

}  // namespace

std::optional<ClientKey> client_key(const Address& address, unsigned ip6_prefix) noexcept {
  assert(ip6_prefix <= 128);
  if (const auto peer = address.credentials()) return key_of_user(peer->user);
  if (address.kind() != Address::Kind::ip4 && address.kind() != Address::Kind::ip6) return std::nullopt;
  sockaddr_storage storage;
  address.to_socket_address(storage);
  if (address.kind() == Address::Kind::ip6)
    return key_of_ip6(reinterpret_cast<const sockaddr_in6&>(storage), ip6_prefix);
  std::uint8_t four[4];
  std::memcpy(four, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, sizeof four);
  return key_of_ip4(four);
}

}  // namespace reactord
