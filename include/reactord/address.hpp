// Address: where a listener listens or a peer sits. Parsed and printed as Go does it, 24 bytes.
//
//     text                kind           prints as
//     :9090               any            :9090            empty host: every address of the machine
//     127.0.0.1:0         ip4            127.0.0.1:0      port 0 (or none): the kernel chooses
//     [::1]:9090          ip6            [::1]:9090
//     [fe80::1%lo]:80     ip6            [fe80::1%lo]:80  a zone is an interface's name or number
//     [::ffff:1.2.3.4]:5  ip4            1.2.3.4:5        IPv4-mapped IPv6
//     unix:/run/x.sock    unix_path      /run/x.sock
//     unix:@name          unix_abstract  @name            abstract: no file, see unix(7)
//     (from the kernel)   unix_unnamed   @                a unix client that did not bind
//     (of pipe.hpp)       pipe           pipe
//
// Hosts are numeric here; names are resolved elsewhere (resolver.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reactord/error.hpp"
#include "reactord/network.hpp"

struct sockaddr;
struct sockaddr_storage;

namespace reactord {

// The process at the other end of a unix socket, as it was when it connected: SO_PEERCRED of unix(7).
struct PeerCredentials {
  std::int32_t process;  // the process id; 0: it is in another pid namespace
  std::uint32_t user;    // the effective user id
  bool operator==(const PeerCredentials&) const = default;
};

class Address {
 public:
  enum class Kind : std::uint8_t { any, ip4, ip6, pipe, unix_path, unix_abstract, unix_unnamed };

  Address() noexcept = default;  // any, port 0
  Address(const Address& other);
  Address(Address&& other) noexcept;
  Address& operator=(Address other) noexcept;
  ~Address();

  // Errors: invalid, in Go's words ("address localhost: missing port in address").
  static Result<Address> parse(std::string_view text);

  // The same in Go's form: the network says what the text is. "" is every address (or any free abstract name).
  // A unix address has no "unix:" before it. tcp4 and tcp6 take their own family alone. Errors: invalid.
  static Result<Address> parse(Network network, std::string_view text);

  // `host` is numeric, perhaps with a zone. Empty: any. Errors: invalid ("not a numeric address", or no such zone).
  static Result<Address> from_host(std::string_view host, std::uint16_t port);

  // The address in a sockaddr the kernel filled, `length` bytes long.
  static Address from_socket_address(const sockaddr_storage& storage, unsigned length);

  // Fills `storage` and returns its length for bind(2) or connect(2). `any` becomes the IPv6 wildcard.
  unsigned to_socket_address(sockaddr_storage& storage) const noexcept;

  Kind kind() const noexcept { return kind_; }
  // The wildcard: every address of the machine, over IPv6 (dual-stack where the socket allows) or over IPv4.
  static Address wildcard(bool ip6, std::uint16_t port) noexcept;
  static Address loopback(bool ip6, std::uint16_t port) noexcept;  // 127.0.0.1 or [::1]
  static Address pipe() noexcept;
  bool is_wildcard() const noexcept;  // any, 0.0.0.0 or [::]
  bool is_loopback() const noexcept;  // 127.0.0.0/8 or [::1]
  int family() const noexcept;        // AF_INET, AF_INET6 or AF_UNIX; AF_UNSPEC for pipe

  bool is_ip() const noexcept { return kind_ <= Kind::ip6; }  // `any` too: it is all of them
  bool is_unix() const noexcept { return kind_ >= Kind::unix_path; }
  std::uint16_t port() const noexcept { return port_; }  // 0 for unix addresses
  Address with_port(std::uint16_t port) const;
  Network network() const noexcept {
    return is_unix() ? Network::unix_socket : kind_ == Kind::pipe ? Network::pipe : Network::tcp;
  }
  std::string host() const;  // the numeric host with its zone; empty for unix addresses and pipes

  // The error for a host that is not of the requested family.
  static std::unexpected<Error> no_suitable(std::string_view host);

  // A unix path or abstract name (without the '@'); empty for the others. Valid as long as this Address.
  std::string_view path() const noexcept;

  // The credentials of the peer of a unix connection that was accepted or adopted. Every other address has none.
  // Comparing two addresses ignores them.
  std::optional<PeerCredentials> credentials() const noexcept;
  void set_credentials(std::optional<PeerCredentials> peer) noexcept;  // for a unix address only

  std::string text() const;

  friend bool operator==(const Address& left, const Address& right) noexcept;

  // The longest path (or abstract name), in bytes: sun_path of unix(7) less its terminator.
  static constexpr std::size_t max_path = 107;

 private:
  static Result<Address> parse_host_port(std::string_view text);
  static Result<Address> parse_unix(std::string_view path);
  void become_unix(Kind kind) noexcept;
  void set_path(std::string_view path);
  void unmap() noexcept;
  void swap(Address& other) noexcept;

  Kind kind_ = Kind::any;
  std::uint8_t path_length_ = 0;
  std::uint16_t port_ = 0;
  std::uint32_t zone_ = 0;
  struct Unix {
    char* path;            // owned; set only when path_length_ > 0
    PeerCredentials peer;  // its process is unknown_process when there are no credentials
  };
  static constexpr std::int32_t unknown_process = -1;
  union {
    std::array<std::uint8_t, 16> ip_{};
    Unix unix_;  // active when is_unix()
  };
};

}  // namespace reactord
