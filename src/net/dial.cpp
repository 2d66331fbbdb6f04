#include "reactord/dial.hpp"

#include <algorithm>
#include <utility>

#include "net/dial_race.hpp"

namespace reactord {
namespace {

// Whether addresses of the network are a host, perhaps a name, and a port.
bool is_ip(Network network) noexcept { return network <= Network::tcp6; }

// The target of a dial: an address, or a name that has to be looked up.
struct Target {
  Address address;
  std::string name = {};  // empty: there is none
  std::uint16_t port = 0;
};

Result<Target> parse_target(Network network, std::string_view text) {
  if (text.empty()) return std::unexpected(Error::invalid("missing address"));
  if (!is_ip(network)) {
    auto address = Address::parse(network, text);
    if (!address) return std::unexpected(std::move(address).error());
    return Target{std::move(*address)};
  }
  const auto split = split_host_port(text);
  if (!split) return std::unexpected(split.error());
  const auto port = parse_port(split->port);
  if (!port) return std::unexpected(port.error());
  auto numeric = Address::from_host(split->host, *port);
  if (numeric) return Target{std::move(*numeric)};
  const bool bad_zone = split->host.contains(':') && split->host.contains('%');
  if (bad_zone) return std::unexpected(std::move(numeric).error());
  return Target{Address(), std::string(split->host), *port};
}

std::string host_of(const Target& target) {
  return target.name.empty() ? target.address.host() : target.name;
}

// A wildcard address, when dialled, is this machine. The family is that of the local address, where one is given.
Address reachable(Address address, Network network, const std::optional<Address>& local) {
  if (!address.is_wildcard()) return address;
  const bool local_ip6 = local && local->kind() == Address::Kind::ip6;
  return Address::loopback(network == Network::tcp6 || (network == Network::tcp && local_ip6),
                           address.port());
}

bool is_wanted(const Address& address, Network network, const std::optional<Address>& local) {
  const auto kind = address.kind();
  if (!is_ip(network)) return address.network() == network;
  if (!address.is_ip() || kind == Address::Kind::any) return false;
  if (network == Network::tcp4 && kind != Address::Kind::ip4) return false;
  if (network == Network::tcp6 && kind != Address::Kind::ip6) return false;
  return !local || local->kind() == Address::Kind::any || local->kind() == kind;
}

Result<void> check_local(Network network, const std::optional<Address>& local) {
  if (!local) return {};
  if (is_ip(network) ? local->is_ip() : local->network() == network) return {};
  return std::unexpected(Error::invalid("address " + local->text() + ": mismatched local address type"));
}

// The addresses of `found` to dial, in order.
std::vector<Address> candidates(std::vector<Address> found, Network network,
                                const std::optional<Address>& local) {
  std::vector<Address> wanted;
  for (Address& address : found) {
    // 0.0.0.0 is no address of tcp6, and [::] is none of tcp4. An empty host is an address of both.
    const bool any = address.kind() == Address::Kind::any;
    if (!any && !is_wanted(address, network, std::nullopt)) continue;
    Address dialled = reachable(std::move(address), network, local);
    if (is_wanted(dialled, network, local)) wanted.push_back(std::move(dialled));
  }
  return interleave(std::move(wanted));
}

std::unexpected<Error> refused(Error error, std::string_view network) {
  return std::unexpected(std::move(error).with_operation("dial", network, "", ""));
}

Time earliest(Time now, const DialOptions& options) noexcept {
  return options.timeout ? std::min(now + *options.timeout, options.deadline) : options.deadline;
}

Task<Result<std::vector<Address>>> look_up(Context& scope, Network network, const Target& target,
                                           Resolver* resolver) {
  if (target.name.empty()) co_return std::vector<Address>{target.address};
  if (resolver == nullptr) resolver = &Resolver::system();
  auto found = co_await resolver->resolve(scope, network, target.name, target.port);
  co_return std::move(found);
}

Task<Result<Conn>> dial_target(Reactor& reactor, Network network, Target target, DialOptions options) {
  const char* name = to_string(network);
  auto fits = check_local(network, options.local_address);
  if (!fits) co_return refused(std::move(fits).error(), name);
  Context root(reactor);
  Context& parent = options.context != nullptr ? *options.context : root;
  Context scope(parent, earliest(reactor.now(), options));
  auto found = co_await look_up(scope, network, target, options.resolver);
  if (!found) co_return refused(std::move(found).error(), name);
  const auto addresses = candidates(std::move(*found), network, options.local_address);
  if (addresses.empty()) co_return refused(Address::no_suitable(host_of(target)).error(), name);
  DialRace race(scope, network, options, addresses);
  auto conn = co_await race.run();
  co_return std::move(conn);
}

}  // namespace

Task<Result<Conn>> dial(Reactor& reactor, std::string network, std::string address, DialOptions options) {
  const auto parsed = parse_network(network);
  if (!parsed) co_return refused(parsed.error(), network);
  auto target = parse_target(*parsed, address);
  if (!target) co_return refused(std::move(target).error(), network);
  auto conn = co_await dial_target(reactor, *parsed, std::move(*target), std::move(options));
  co_return std::move(conn);
}

Task<Result<Conn>> dial(Reactor& reactor, Address address, DialOptions options) {
  const Network network = address.network();
  if (network == Network::pipe) co_return refused(Error::invalid("nobody can dial a pipe"), "pipe");
  Target target{std::move(address)};
  auto conn = co_await dial_target(reactor, network, std::move(target), std::move(options));
  co_return std::move(conn);
}

Time partial_deadline(Time now, Time deadline, std::size_t left) noexcept {
  constexpr Duration least = 2s;
  if (deadline.is_never() || deadline <= now || left <= 1) return deadline;
  const Duration total = deadline - now;
  const Duration share = std::max(total / static_cast<std::int64_t>(left), least);
  return now + std::min(share, total);
}

std::vector<Address> interleave(std::vector<Address> addresses) {
  std::vector<Address> first, second, ordered;
  ordered.reserve(addresses.size());
  for (Address& address : addresses) {
    const bool is_first = first.empty() || address.kind() == first.front().kind();
    (is_first ? first : second).push_back(std::move(address));
  }
  for (std::size_t turn = 0; turn < std::max(first.size(), second.size()); ++turn) {
    if (turn < first.size()) ordered.push_back(std::move(first[turn]));
    if (turn < second.size()) ordered.push_back(std::move(second[turn]));
  }
  return ordered;
}

}  // namespace reactord
