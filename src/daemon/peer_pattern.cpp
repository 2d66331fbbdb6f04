#include "daemon/peer_pattern.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace reactord {
namespace {

struct IpBytes {
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t zone = 0;  // 0: none
};

IpBytes bytes_of(const Address& address) noexcept {
  IpBytes ip;
  sockaddr_storage storage;
  address.to_socket_address(storage);
  if (address.kind() == Address::Kind::ip4) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    std::memcpy(ip.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
  } else {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    std::memcpy(ip.bytes.data(), &in6.sin6_addr, sizeof in6.sin6_addr);
    ip.zone = in6.sin6_scope_id;
  }
  return ip;
}

bool begin_alike(const IpBytes& left, const IpBytes& right, unsigned bits) noexcept {
  const std::size_t whole = bits / 8;
  if (!std::equal(left.bytes.begin(), left.bytes.begin() + whole, right.bytes.begin())) return false;
  const unsigned mask = 0xff00U >> bits % 8 & 0xffU;
  return mask == 0 || ((left.bytes[whole] ^ right.bytes[whole]) & mask) == 0;
}

bool is_numeric(const Address& address) noexcept {
  return address.kind() == Address::Kind::ip4 || address.kind() == Address::Kind::ip6;
}

// The host alone, perhaps in brackets. Empty: it is no numeric address.
std::optional<Address> host_in(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  auto address = Address::from_host(text, 0);
  if (!address || !is_numeric(*address)) return std::nullopt;
  return std::move(*address);
}

unsigned bits_of(const Address& address) noexcept { return address.kind() == Address::Kind::ip4 ? 32 : 128; }

std::unexpected<UsageError> wrong(std::string_view text, std::string_view right) {
  return std::unexpected(std::string(text) + ": " + std::string(right));
}

}  // namespace

Parsed<PeerPattern> PeerPattern::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    auto path = Address::parse(text);
    if (!path) return wrong(text, "write unix:/PATH, unix:@NAME, or unix:@ for clients without a name");
    return PeerPattern(std::move(*path), Extent::one);
  }
  if (const std::size_t slash = text.find('/'); slash != text.npos)
    return parse_network(text.substr(0, slash), text.substr(slash + 1));
  if (auto host = host_in(text)) {
    const unsigned bits = bits_of(*host);
    return PeerPattern(std::move(*host), Extent::network, bits);
  }
  auto address = Address::parse(text);
  if (!address || !is_numeric(*address)) {
    return wrong(
        text,
        "no address: write 192.0.2.1, 192.0.2.0/24, 192.0.2.1:51234, [2001:db8::1]:51234 or unix:/PATH");
  }
  return PeerPattern(std::move(*address), Extent::one);
}

Parsed<PeerPattern> PeerPattern::parse_network(std::string_view text, std::string_view length) {
  const std::string whole = std::string(text) + '/' + std::string(length);
  auto host = host_in(text);
  if (!host)
    return wrong(whole, "no network: write an address and the length of its prefix, as in 192.0.2.0/24");
  const auto bits = parse_number(length, 0, bits_of(*host));
  if (!bits) return wrong(whole, "behind the slash " + bits.error().substr(length.size() + 2));
  return PeerPattern(std::move(*host), Extent::network, *bits);
}

bool PeerPattern::matches(const Address& peer) const noexcept {
  if (extent_ == Extent::network) {
    if (peer.kind() != address_.kind()) return false;
    const IpBytes ours = bytes_of(address_), theirs = bytes_of(peer);
    return (ours.zone == 0 || ours.zone == theirs.zone) && begin_alike(ours, theirs, prefix_);
  }
  const bool has_no_name = peer.kind() == Address::Kind::unix_unnamed;
  if (has_no_name) return address_.kind() == Address::Kind::unix_abstract && address_.path().empty();
  return peer == address_;
}

}  // namespace reactord
