// PeerPattern: which peers an operator means by an address.
//
//     192.0.2.1               every port of that address
//     2001:db8::1             the same; brackets are as good
//     fe80::1%eth0            on that interface; without a zone on any
//     192.0.2.0/24            every address whose first 24 bits are these
//     2001:db8::/32
//     192.0.2.1:51234         that one
//     [2001:db8::1]:51234
//     unix:/run/client.sock   that one; unix:@name, and unix:@ for clients that have no name
#pragma once

#include <string_view>

#include "reactord/address.hpp"
#include "reactord/setting.hpp"

namespace reactord {

class PeerPattern {
 public:
  // The error begins with the wrong text.
  static Parsed<PeerPattern> parse(std::string_view text);

  bool matches(const Address& peer) const noexcept;

 private:
  enum class Extent : std::uint8_t {
    one,      // the address itself, with its port
    network,  // the first prefix_ bits, on every port
  };
  PeerPattern(Address address, Extent extent, unsigned prefix = 0)
      : address_(std::move(address)), extent_(extent), prefix_(prefix) {}
  static Parsed<PeerPattern> parse_network(std::string_view text, std::string_view length);

  Address address_;
  Extent extent_;
  unsigned prefix_;
};

}  // namespace reactord
