#include "net/dial_race.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"
#include "net/socket.hpp"

namespace reactord {
namespace {

// A Reactor that shuts down closes the sockets that it watches. The caller of dial() sees that as a cancellation.
Error connect_error(int failure) {
  if (failure > 0) return Error::from_errno(failure, "connect");
  const bool shut_down = failure == failure_of(ErrorCode::closed);
  return Error(shut_down ? ErrorCode::cancelled : static_cast<ErrorCode>(-failure));
}

Result<void> bind_local(int fd, const Address& local, const Address& remote) {
  const bool any = local.kind() == Address::Kind::any;
  const Address bound = any ? Address::wildcard(remote.kind() == Address::Kind::ip6, local.port()) : local;
  // With the port left to connect(2), only the pair of addresses must be free, not the local port.
  if (bound.is_ip() && bound.port() == 0) system::set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  sockaddr_storage storage;
  const unsigned length = bound.to_socket_address(storage);
  const int result = system::bind(fd, storage, length);
  if (result < 0) return std::unexpected(Error::from_errno(-result, "bind"));
  return {};
}

}  // namespace

DialRace::DialRace(Context& scope, Network network, const DialOptions& options,
                   const std::vector<Address>& addresses)
    : scope_(scope),
      reactor_(scope.reactor()),
      network_(network),
      options_(options),
      addresses_(addresses),
      serial_(options.attempt_delay < 0ns),
      attempts_(scope, Time::never()) {}

Task<Result<Conn>> DialRace::run() {
  while (goes_on() || under_way_ > 0) {
    if (!goes_on()) attempts_.cancel();
    if (goes_on() && may_begin()) begin_next();
    if (under_way_ == 0) continue;
    const bool by_time = goes_on() && !serial_ && may_begin();
    // scope_ does not end this pause: once it is done, the attempts end and wake us up, one by one.
    PauseOperation pausing(reactor_, by_time ? reactor_.now() + options_.attempt_delay : Time::never());
    pausing_ = &pausing;
    auto slept = co_await pausing;
    pausing_ = nullptr;
    if (!slept) shut_down_ = true;
  }
  attempts_.cancel();
  if (winner_) co_return std::move(*winner_);
  if (first_error_) co_return std::unexpected(std::move(*first_error_));
  const ErrorCode code = shut_down_ ? ErrorCode::cancelled : scope_.code();
  co_return std::unexpected(named(Error(code), addresses_.front()));
}

bool DialRace::goes_on() const noexcept {
  if (winner_ || shut_down_ || scope_.is_done()) return false;
  return under_way_ > 0 || next_ < addresses_.size();
}

bool DialRace::may_begin() const noexcept {
  return next_ < addresses_.size() && under_way_ < (serial_ ? 1 : DialOptions::attempts_at_once);
}

void DialRace::begin_next() {
  const std::size_t left = addresses_.size() - next_;
  const Time deadline = serial_ ? partial_deadline(reactor_.now(), scope_.deadline(), left) : Time::never();
  const Address& address = addresses_[next_++];
  try {
    reactor_.spawn(attempt(*this, address, deadline));
    ++under_way_;
  } catch (const std::bad_alloc&) {
    failed(Error::from_errno(ENOMEM), address);
  }
}

// Must not throw: attempts that are under way refer to the race.
void DialRace::failed(Error error, const Address& address) {
  if (first_error_) return;
  try {
    first_error_ = named(std::move(error), address);
  } catch (const std::bad_alloc&) {
    first_error_ = Error::from_errno(ENOMEM);
  }
}

Task<> DialRace::attempt(DialRace& race, const Address& address, Time deadline) {
  Context share(race.attempts_, deadline);
  try {
    auto connected = co_await connect(race, share, address);
    if (connected) {
      race.win(std::move(*connected));
    } else {
      race.failed(std::move(connected).error(), address);
    }
  } catch (const std::bad_alloc&) {
    race.failed(Error::from_errno(ENOMEM), address);
  }
  --race.under_way_;
  if (race.pausing_ != nullptr) race.pausing_->end();
}

// A port of this machine without a listener may be the one that the kernel chooses as our local port. TCP then connects
// the socket to itself (RFC 9293, 3.5: simultaneous open).
Task<Result<WatchHandle<Endpoint>>> DialRace::connect(DialRace& race, Context& share,
                                                      const Address& address) {
  for (int tries = 0; tries < self_connects; ++tries) {
    if (share.is_done()) co_return std::unexpected(Error(share.code()));
    auto fd = race.open(address);
    if (!fd) co_return std::unexpected(std::move(fd).error());
    Socket socket(*fd);
    WatchHandle<Endpoint> endpoint(new Endpoint(race.reactor_, socket.fd, race.network_, address));
    socket.release();
    endpoint->set_context(&share);
    ConnectOperation connecting(*endpoint);
    const auto failure = co_await connecting;
    if (failure == 0 && !race.is_self_connected(*endpoint)) co_return std::move(endpoint);
    endpoint->abort();
    if (failure != 0) co_return std::unexpected(connect_error(failure));
    co_await race.reactor_.next_turn();  // the port is free only then
  }
  co_return std::unexpected(connect_error(ECONNREFUSED));
}

// From here on the connection is the caller's: an end of scope_ does not affect it.
void DialRace::win(WatchHandle<Endpoint> endpoint) {
  if (winner_) return endpoint->abort();
  endpoint->set_context(nullptr);
  winner_.emplace(std::move(endpoint));
  attempts_.cancel();
}

// From socket(2) to bind(2).
Result<int> DialRace::open(const Address& address) const {
  Socket socket(system::stream_socket(address.family()));
  if (socket.fd < 0) return std::unexpected(Error::from_errno(-socket.fd, "socket"));
  if (address.is_ip()) set_stream_options(socket.fd, options_.stream);
  if (options_.before_connect) {
    auto prepared = options_.before_connect(socket.fd, family_network(address), address);
    if (!prepared) return std::unexpected(std::move(prepared).error());
  }
  if (options_.local_address) {
    auto bound = bind_local(socket.fd, *options_.local_address, address);
    if (!bound) return std::unexpected(std::move(bound).error());
  }
  return socket.release();
}

// A caller that names the local port may want a connection to itself.
bool DialRace::is_self_connected(const Endpoint& endpoint) const {
  if (!endpoint.remote_address().is_ip()) return false;
  if (options_.local_address && options_.local_address->port() != 0) return false;
  return endpoint.local_address() == endpoint.remote_address();
}

Error DialRace::named(Error error, const Address& address) const {
  const auto& local = options_.local_address;
  return std::move(error).with_operation("dial", to_string(network_), local ? local->text() : "",
                                         address.text());
}

}  // namespace reactord
