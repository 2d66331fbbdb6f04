// Addresses parse and print as Go does it, and pass through the kernel's form unchanged.
#include "reactord/address.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

using reactord::Address;
using Kind = reactord::Address::Kind;
using namespace std::string_view_literals;

namespace {

Address parsed(std::string_view text) {
  const auto address = Address::parse(text);
  CAPTURE(text);
  REQUIRE(address.has_value());
  return *address;
}

std::string refusal(std::string_view text) {
  const auto address = Address::parse(text);
  return address ? "parsed as " + address->text() : address.error().text();
}

Address through_the_kernel_form(const Address& address) {
  sockaddr_storage storage{};
  const unsigned length = address.to_socket_address(storage);
  return Address::from_socket_address(storage, length);
}

}  // namespace

TEST_CASE("addresses parse and print") {
  struct Row {
    const char* text;
    Kind kind;
    const char* printed;
    std::uint16_t port;
    const char* network;
    int family;
  };
  constexpr Row table[] = {
      {":9090", Kind::any, ":9090", 9090, "tcp", AF_INET6},
      {":0", Kind::any, ":0", 0, "tcp", AF_INET6},
      {":", Kind::any, ":0", 0, "tcp", AF_INET6},
      {"127.0.0.1:0", Kind::ip4, "127.0.0.1:0", 0, "tcp", AF_INET},
      {"127.0.0.1:", Kind::ip4, "127.0.0.1:0", 0, "tcp", AF_INET},
      {"[127.0.0.1]:80", Kind::ip4, "127.0.0.1:80", 80, "tcp", AF_INET},
      {"255.255.255.255:65535", Kind::ip4, "255.255.255.255:65535", 65535, "tcp", AF_INET},
      {"0.0.0.0:9090", Kind::ip4, "0.0.0.0:9090", 9090, "tcp", AF_INET},
      {"[::1]:9090", Kind::ip6, "[::1]:9090", 9090, "tcp", AF_INET6},
      {"[::]:9090", Kind::ip6, "[::]:9090", 9090, "tcp", AF_INET6},
      {"[::ffff:1.2.3.4]:5", Kind::ip4, "1.2.3.4:5", 5, "tcp", AF_INET},
      {"[::ffff:0:0]:5", Kind::ip4, "0.0.0.0:5", 5, "tcp", AF_INET},
      {"[2001:DB8:0:0::1]:443", Kind::ip6, "[2001:db8::1]:443", 443, "tcp", AF_INET6},
      {"[fe80::1%lo]:80", Kind::ip6, "[fe80::1%lo]:80", 80, "tcp", AF_INET6},
      {"[fe80::1%1]:80", Kind::ip6, "[fe80::1%lo]:80", 80, "tcp", AF_INET6},
      {"[fe80::1%4000000000]:80", Kind::ip6, "[fe80::1%4000000000]:80", 80, "tcp", AF_INET6},
      {"unix:/run/x.sock", Kind::unix_path, "/run/x.sock", 0, "unix", AF_UNIX},
      {"unix:relative", Kind::unix_path, "relative", 0, "unix", AF_UNIX},
      {"unix:/with:colon@and%more", Kind::unix_path, "/with:colon@and%more", 0, "unix", AF_UNIX},
      {"unix:@name", Kind::unix_abstract, "@name", 0, "unix", AF_UNIX},
      {"unix:@", Kind::unix_abstract, "@", 0, "unix", AF_UNIX},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    const Address address = parsed(row.text);
    CHECK(address.kind() == row.kind);
    CHECK(address.text() == row.printed);
    CHECK(address.port() == row.port);
    CHECK(to_string(address.network()) == std::string_view(row.network));
    CHECK(address.family() == row.family);
    CHECK(address.is_unix() == (row.family == AF_UNIX));
    CHECK(address.is_ip() == (row.family != AF_UNIX));
  }
}

TEST_CASE("the address of a pipe is neither of IP nor of unix sockets") {
  const Address pipe = Address::pipe();
  CHECK_FALSE(pipe.is_ip());
  CHECK_FALSE(pipe.is_unix());
  sockaddr_storage storage{};
  CHECK(pipe.to_socket_address(storage) == sizeof storage.ss_family);
  CHECK(storage.ss_family == AF_UNSPEC);
}

TEST_CASE("what can't be an address is refused in Go's words") {
  CHECK(refusal("") == "missing address");
  CHECK(refusal("localhost") == "address localhost: missing port in address");
  CHECK(refusal("[::1]") == "address [::1]: missing port in address");
  CHECK(refusal("[::1]9090") == "address [::1]9090: missing port in address");
  CHECK(refusal("[::1]9090:") == "address [::1]9090:: missing port in address");
  CHECK(refusal("::1:9090") == "address ::1:9090: too many colons in address");
  CHECK(refusal("1.2.3.4:5:6") == "address 1.2.3.4:5:6: too many colons in address");
  CHECK(refusal("[::1]:80:90") == "address [::1]:80:90: too many colons in address");
  CHECK(refusal("[::1:9090") == "address [::1:9090: missing ']' in address");
  CHECK(refusal("[[::1]:80") == "address [[::1]:80: unexpected '[' in address");
  CHECK(refusal("1.2.3.4]:80") == "address 1.2.3.4]:80: unexpected ']' in address");
  CHECK(refusal(":-1") == "address -1: invalid port");
  CHECK(refusal(":99999") == "address 99999: invalid port");
  CHECK(refusal(":65536") == "address 65536: invalid port");
  CHECK(refusal(":123456789") == "address 123456789: invalid port");
  CHECK(refusal(":http") == "address http: invalid port");
  CHECK(refusal(":80 ") == "address 80 : invalid port");
  CHECK(refusal(":+80") == "address +80: invalid port");
}

TEST_CASE("a host that is no numeric address says what would be") {
  CHECK(refusal("localhost:80") == "address localhost: not a numeric address such as 127.0.0.1 or [::1]");
  CHECK(refusal("1.2.3:80").starts_with("address 1.2.3: not a numeric"));
  CHECK(refusal("1.2.3.256:80").starts_with("address 1.2.3.256: not a numeric"));
  CHECK(refusal("127.0.0.1%lo:80").starts_with("address 127.0.0.1%lo: not a numeric"));
  CHECK(refusal("[]:80") == "parsed as :80");
  CHECK(refusal("[fe80::1%nowhere]:80") == "address fe80::1%nowhere: no such network interface");
  CHECK(refusal("[fe80::1%]:80") == "address fe80::1%: no such network interface");
  CHECK(refusal("127.0.0.1\0.example:80"sv).find("not a numeric") != std::string::npos);
}

TEST_CASE("unix paths fit or are refused") {
  const std::string longest(Address::max_path, 'x');
  CHECK(parsed("unix:" + longest).path() == longest);
  CHECK(parsed("unix:@" + longest).path() == longest);
  const std::string too_long = longest + 'x';
  CHECK(refusal("unix:" + too_long) ==
        "address " + too_long + ": path of 108 bytes is too long, a unix socket takes at most 107");
  CHECK(refusal("unix:@" + too_long).find("108 bytes is too long") != std::string::npos);
  CHECK(refusal("unix:") == "address unix:: missing path");
  CHECK(refusal("unix:/a\0b"sv) == "address unix:: NUL byte in path");
  CHECK(parsed("unix:@a\0b"sv).path() == "a\0b"sv);
}

TEST_CASE("an address passes through the kernel's form unchanged") {
  const std::string longest(Address::max_path, 'y');
  for (const std::string& text :
       {std::string("127.0.0.1:9090"), std::string("[::1]:9090"), std::string("[fe80::1%lo]:80"),
        std::string("unix:/run/x.sock"), std::string("unix:@name"), "unix:" + longest, "unix:@" + longest}) {
    CAPTURE(text);
    const Address address = parsed(text);
    const Address back = through_the_kernel_form(address);
    CHECK(back == address);
    CHECK(back.text() == address.text());
  }
  CHECK(through_the_kernel_form(parsed(":9090")).text() == "[::]:9090");
}

TEST_CASE("an IPv4 client of a dual-stack listener is known by its IPv4 address") {
  sockaddr_storage storage{};
  auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(1234);
  REQUIRE(::inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr) == 1);
  const Address address = Address::from_socket_address(storage, sizeof in6);
  CHECK(address.kind() == Kind::ip4);
  CHECK(address.text() == "192.0.2.1:1234");
  CHECK(address == parsed("192.0.2.1:1234"));
}

TEST_CASE("what the kernel says of unix clients") {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  constexpr unsigned head = offsetof(sockaddr_un, sun_path);
  const Address unnamed = Address::from_socket_address(storage, head);
  CHECK(unnamed.kind() == Kind::unix_unnamed);
  CHECK(unnamed.text() == "@");
  CHECK(unnamed.path().empty());
  sockaddr_storage back{};
  CHECK(unnamed.to_socket_address(back) == head);

  std::memcpy(reinterpret_cast<sockaddr_un&>(storage).sun_path, "/p\0garbage", 10);
  CHECK(Address::from_socket_address(storage, head + 10).text() == "/p");
}

TEST_CASE("addresses copy, move and assign as values") {
  const std::string path = "/some/quite/long/path/of/a/socket";
  Address address = parsed("unix:" + path);
  const Address copy(address);
  Address assigned = parsed("[::1]:80");
  assigned = address;
  Address& itself = assigned;
  assigned = itself;
  const Address moved(std::move(address));
  CHECK(copy.text() == path);
  CHECK(assigned.text() == path);
  CHECK(moved.text() == path);
  CHECK(copy == moved);
  CHECK(copy.path().data() != moved.path().data());
  assigned = parsed("127.0.0.1:80");
  CHECK(assigned.text() == "127.0.0.1:80");
  CHECK(copy.text() == path);
  Address target = parsed("unix:@other");
  target = std::move(assigned);
  CHECK(target.text() == "127.0.0.1:80");
  CHECK(sizeof(Address) <= 24);
}

TEST_CASE("equality looks at everything that tells two addresses apart") {
  CHECK(parsed("127.0.0.1:80") == parsed("127.0.0.1:80"));
  CHECK_FALSE(parsed("127.0.0.1:80") == parsed("127.0.0.1:81"));
  CHECK_FALSE(parsed("127.0.0.1:80") == parsed("127.0.0.2:80"));
  CHECK_FALSE(parsed("[fe80::1%lo]:80") == parsed("[fe80::1]:80"));
  CHECK_FALSE(parsed("unix:@name") == parsed("unix:name"));
  CHECK_FALSE(parsed("unix:@name") == parsed("unix:@named"));
  CHECK_FALSE(parsed(":80") == parsed("0.0.0.0:80"));
}

TEST_CASE("wildcards mean every address of the machine") {
  CHECK(parsed(":80").is_wildcard());
  CHECK(parsed("0.0.0.0:80").is_wildcard());
  CHECK(parsed("[::]:80").is_wildcard());
  CHECK_FALSE(parsed("127.0.0.1:80").is_wildcard());
  CHECK_FALSE(parsed("[::1]:80").is_wildcard());
  CHECK_FALSE(parsed("unix:@name").is_wildcard());
  CHECK(Address::wildcard(true, 80).text() == "[::]:80");
  CHECK(Address::wildcard(false, 80).text() == "0.0.0.0:80");
  CHECK(Address().text() == ":0");
  CHECK(parsed("127.0.0.1:80").with_port(81).text() == "127.0.0.1:81");
}
