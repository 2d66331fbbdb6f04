#include "reactord/network.hpp"

#include <charconv>

namespace reactord {
namespace {

std::unexpected<Error> refused(std::string_view text, const char* why) {
  return std::unexpected(Error::invalid("address " + std::string(text) + ": " + why));
}

}  // namespace

const char* to_string(Network network) noexcept {
  constexpr const char* names[] = {"tcp", "tcp4", "tcp6", "unix", "pipe"};
  return names[static_cast<std::size_t>(network)];
}

Result<Network> parse_network(std::string_view name) {
  for (const Network network : {Network::tcp, Network::tcp4, Network::tcp6, Network::unix_socket}) {
    if (name == to_string(network)) return network;
  }
  return std::unexpected(Error::invalid("unknown network " + std::string(name)));
}

Result<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (text.empty()) return std::unexpected(Error::invalid("missing address"));
  if (colon == std::string_view::npos) return refused(text, "missing port in address");
  if (text[0] == '[') {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return refused(text, "missing ']' in address");
    if (bracket + 1 == text.size()) return refused(text, "missing port in address");
    if (bracket + 1 != colon) {
      return refused(text,
                     text[bracket + 1] == ':' ? "too many colons in address" : "missing port in address");
    }
    if (text.find('[', 1) != std::string_view::npos) return refused(text, "unexpected '[' in address");
    if (text.find(']', bracket + 1) != std::string_view::npos)
      return refused(text, "unexpected ']' in address");
    return HostPort{text.substr(1, bracket - 1), text.substr(colon + 1)};
  }
  if (text.find(':') != colon) return refused(text, "too many colons in address");
  if (text.find('[') != std::string_view::npos) return refused(text, "unexpected '[' in address");
  if (text.find(']') != std::string_view::npos) return refused(text, "unexpected ']' in address");
  return HostPort{text.substr(0, colon), text.substr(colon + 1)};
}

std::string join_host_port(std::string_view host, std::string_view port) {
  std::string text;
  const bool brackets = host.find(':') != std::string_view::npos;
  if (brackets) text += '[';
  text += host;
  if (brackets) text += ']';
  text += ':';
  text += port;
  return text;
}

Result<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty()) return std::uint16_t{0};
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return refused(text, "invalid port");
  return port;
}

}  // namespace reactord
