#include "reactord/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <utility>

namespace reactord {
namespace {

std::unexpected<Error> refused(std::string_view text, const char* why) {
  return std::unexpected(Error::invalid("address " + std::string(text) + ": " + why));
}

std::uint32_t zone_index(const std::string& zone) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
  if (error == std::errc() && end == zone.data() + zone.size()) return index;
  return ::if_nametoindex(zone.c_str());
}

}  // namespace

Address::Address(const Address& other)
    : kind_(other.kind_), port_(other.port_), zone_(other.zone_), ip_(other.ip_) {
  if (other.path_length_ > 0) set_path(other.path());
}

Address::Address(Address&& other) noexcept : Address() { swap(other); }

Address& Address::operator=(Address other) noexcept {
  swap(other);
  return *this;
}

Address::~Address() {
  if (path_length_ > 0) delete[] unix_.path;
}

void Address::swap(Address& other) noexcept {
  std::swap(kind_, other.kind_);
  std::swap(path_length_, other.path_length_);
  std::swap(port_, other.port_);
  std::swap(zone_, other.zone_);
  std::swap(ip_, other.ip_);  // the whole union, so the path moves too
}

void Address::become_unix(Kind kind) noexcept {
  kind_ = kind;
  unix_ = {.path = nullptr, .peer = {.process = unknown_process, .user = 0}};
}

void Address::set_path(std::string_view path) {
  unix_.path = new char[path.size()];
  std::memcpy(unix_.path, path.data(), path.size());
  path_length_ = static_cast<std::uint8_t>(path.size());
}

std::string_view Address::path() const noexcept {
  return path_length_ > 0 ? std::string_view(unix_.path, path_length_) : std::string_view();
}

Result<Address> Address::parse_unix(std::string_view path) {
  Address address;
  const bool abstract = !path.empty() && path[0] == '@';
  address.become_unix(abstract ? Kind::unix_abstract : Kind::unix_path);
  if (abstract) path.remove_prefix(1);
  if (path.empty() && !abstract) return refused("unix:", "missing path");
  if (path.size() > max_path) {
    const std::string length = std::to_string(path.size());
    return refused(path,
                   ("path of " + length + " bytes is too long, a unix socket takes at most 107").c_str());
  }
  if (!abstract && path.find('\0') != std::string_view::npos) return refused("unix:", "NUL byte in path");
  if (!path.empty()) address.set_path(path);
  return address;
}

Result<Address> Address::parse(std::string_view text) {
  return text.starts_with("unix:") ? parse_unix(text.substr(5)) : parse_host_port(text);
}

Result<Address> Address::parse_host_port(std::string_view text) {
  const auto split = split_host_port(text);
  if (!split) return std::unexpected(split.error());
  const auto port = parse_port(split->port);
  if (!port) return std::unexpected(port.error());
  return from_host(split->host, *port);
}

Result<Address> Address::parse(Network network, std::string_view text) {
  if (network == Network::unix_socket) return parse_unix(text.empty() ? "@" : text);
  auto address = text.empty() ? Address() : parse_host_port(text);
  if (!address || network == Network::tcp) return address;
  const bool ip6 = network == Network::tcp6;
  if (address->kind_ == Kind::any) return wildcard(ip6, address->port_);
  if ((address->kind_ == Kind::ip6) != ip6) return no_suitable(address->host());
  return address;
}

std::unexpected<Error> Address::no_suitable(std::string_view host) {
  return refused(host, "no suitable address found");
}

Result<Address> Address::from_host(std::string_view host, std::uint16_t port) {
  Address address;
  address.port_ = port;
  if (host.empty()) return address;
  const std::size_t percent = host.find('%');
  const std::string ip(host.substr(0, percent));
  if (percent == std::string_view::npos && ip.find('\0') == std::string::npos &&
      ::inet_pton(AF_INET, ip.c_str(), address.ip_.data()) == 1) {
    address.kind_ = Kind::ip4;
    return address;
  }
  // A NUL byte would end the text for inet_pton(3) alone.
  if (ip.find('\0') != std::string::npos || ::inet_pton(AF_INET6, ip.c_str(), address.ip_.data()) != 1) {
    return refused(host, "not a numeric address such as 127.0.0.1 or [::1]");
  }
  address.kind_ = Kind::ip6;
  if (percent != std::string_view::npos) {
    address.zone_ = zone_index(std::string(host.substr(percent + 1)));
    if (address.zone_ == 0) return refused(host, "no such network interface");
  }
  address.unmap();
  return address;
}

// An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) becomes that IPv4 address, as in Go: so a client that reached a
// dual-stack listener over IPv4 is known by its own address.
void Address::unmap() noexcept {
  constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!std::equal(prefix.begin(), prefix.end(), ip_.begin())) return;
  kind_ = Kind::ip4;
  zone_ = 0;
  std::copy(ip_.begin() + prefix.size(), ip_.end(), ip_.begin());
  std::fill(ip_.begin() + 4, ip_.end(), std::uint8_t{0});
}

Address Address::from_socket_address(const sockaddr_storage& storage, unsigned length) {
  Address address;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    address.kind_ = Kind::ip4;
    address.port_ = ntohs(in.sin_port);
    std::memcpy(address.ip_.data(), &in.sin_addr, sizeof in.sin_addr);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &storage, sizeof in6);
    address.port_ = ntohs(in6.sin6_port);
    address.kind_ = Kind::ip6;
    address.zone_ = in6.sin6_scope_id;
    std::memcpy(address.ip_.data(), in6.sin6_addr.s6_addr, sizeof in6.sin6_addr);
    address.unmap();
  } else {
    address.become_unix(Kind::unix_unnamed);
    const auto* bytes = reinterpret_cast<const char*>(&storage) + offsetof(sockaddr_un, sun_path);
    std::string_view path(
        bytes, length > offsetof(sockaddr_un, sun_path) ? length - offsetof(sockaddr_un, sun_path) : 0);
    if (path.empty()) return address;
    address.kind_ = path[0] == '\0' ? Kind::unix_abstract : Kind::unix_path;
    path = address.kind_ == Kind::unix_abstract ? path.substr(1) : path.substr(0, path.find('\0'));
    if (!path.empty()) address.set_path(path);
  }
  return address;
}

unsigned Address::to_socket_address(sockaddr_storage& storage) const noexcept {
  std::memset(&storage, 0, sizeof storage);
  if (kind_ == Kind::ip4) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port_);
    std::memcpy(&in.sin_addr, ip_.data(), sizeof in.sin_addr);
    return sizeof in;
  }
  if (is_ip()) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port_);
    in6.sin6_scope_id = zone_;
    if (kind_ == Kind::ip6) std::memcpy(&in6.sin6_addr, ip_.data(), sizeof in6.sin6_addr);
    return sizeof in6;
  }
  if (!is_unix()) return sizeof storage.ss_family;  // AF_UNSPEC: no address of the kernel's
  auto& un = reinterpret_cast<sockaddr_un&>(storage);
  un.sun_family = AF_UNIX;
  constexpr unsigned head = offsetof(sockaddr_un, sun_path);
  if (kind_ == Kind::unix_unnamed || path_length_ == 0) return head;  // bind(2) autobinds this: unix(7)
  // An abstract name begins with a NUL byte, a path ends with one.
  const unsigned skip = kind_ == Kind::unix_abstract ? 1 : 0;
  std::memcpy(un.sun_path + skip, unix_.path, path_length_);
  return head + path_length_ + 1;
}

Address Address::wildcard(bool ip6, std::uint16_t port) noexcept {
  Address address;
  address.kind_ = ip6 ? Kind::ip6 : Kind::ip4;
  address.port_ = port;
  return address;
}

bool Address::is_wildcard() const noexcept {
  return is_ip() && std::ranges::all_of(ip_, [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_loopback() const noexcept {
  constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return kind_ == Kind::ip4 ? ip_[0] == 127 : kind_ == Kind::ip6 && ip_ == one;
}

int Address::family() const noexcept {
  if (kind_ == Kind::pipe) return AF_UNSPEC;
  return is_unix() ? AF_UNIX : kind_ == Kind::ip4 ? AF_INET : AF_INET6;
}

Address Address::pipe() noexcept {
  Address address;
  address.kind_ = Kind::pipe;
  return address;
}

Address Address::loopback(bool ip6, std::uint16_t port) noexcept {
  Address address = wildcard(ip6, port);
  if (ip6) {
    address.ip_[15] = 1;
  } else {
    address.ip_[0] = 127;
    address.ip_[3] = 1;
  }
  return address;
}

Address Address::with_port(std::uint16_t port) const {
  Address copy(*this);
  copy.port_ = port;
  return copy;
}

std::optional<PeerCredentials> Address::credentials() const noexcept {
  if (!is_unix() || unix_.peer.process == unknown_process) return std::nullopt;
  return unix_.peer;
}

void Address::set_credentials(std::optional<PeerCredentials> peer) noexcept {
  assert(is_unix());
  unix_.peer = peer.value_or(PeerCredentials{.process = unknown_process, .user = 0});
}

std::string Address::host() const {
  if (kind_ != Kind::ip4 && kind_ != Kind::ip6) return {};
  std::array<char, INET6_ADDRSTRLEN> digits{};
  std::string text = ::inet_ntop(family(), ip_.data(), digits.data(), digits.size());
  if (zone_ != 0) {
    std::array<char, IF_NAMESIZE> name{};
    text += '%';
    text += ::if_indextoname(zone_, name.data()) != nullptr ? name.data() : std::to_string(zone_);
  }
  return text;
}

std::string Address::text() const {
  if (kind_ == Kind::pipe) return "pipe";
  if (kind_ == Kind::unix_path) return std::string(path());
  if (is_unix()) return "@" + std::string(path());
  return join_host_port(host(), std::to_string(port_));
}

bool operator==(const Address& left, const Address& right) noexcept {
  if (left.kind_ != right.kind_ || left.port_ != right.port_ || left.zone_ != right.zone_) return false;
  if (left.is_unix()) return left.path() == right.path();
  const std::size_t bytes = left.kind_ == Address::Kind::ip4 ? 4 : left.kind_ == Address::Kind::ip6 ? 16 : 0;
  return std::equal(left.ip_.begin(), left.ip_.begin() + static_cast<std::ptrdiff_t>(bytes),
                    right.ip_.begin());
}

}  // namespace reactord
