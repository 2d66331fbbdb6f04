#include "daemon/shown_address.hpp"

namespace reactord {

std::string shown_address(const Address& address) {
  return address.is_unix() ? "unix:" + address.text() : address.text();
}

}  // namespace reactord
