#include "net/transport_endpoint.hpp"

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace reactord {
namespace {

// Small parts are sent together: a transport may make a record of each send.
constexpr std::size_t gathered_at_once = 16 * 1024;

}  // namespace

Result<Conn> make_conn(Reactor& reactor, std::unique_ptr<Transport> transport) {
  assert(transport != nullptr);
  try {
    WatchHandle<TransportEndpoint> endpoint(new TransportEndpoint(reactor, std::move(transport)));
    auto added = reactor.add(*endpoint);
    if (!added) return std::unexpected(std::move(added).error());
    endpoint->attach();
    return Conn(std::move(endpoint));
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error::from_errno(ENOMEM));
  }
}

// The transport may have bytes already: the first read looks.
TransportEndpoint::TransportEndpoint(Reactor& reactor, std::unique_ptr<Transport> transport)
    : Endpoint(reactor, transport->network(), transport->remote_addr()), transport_(std::move(transport)) {
  ready_ |= readiness::readable;
}

ssize_t TransportEndpoint::receive(char* bytes, std::size_t count) noexcept {
  const ssize_t received = transport_->receive({bytes, count});
  assert(received <= static_cast<ssize_t>(count));
  more_may_wait();  // until it says -EAGAIN
  return received;
}

// Sends until the transport says -EAGAIN: the caller takes a short send for that.
ssize_t TransportEndpoint::send(const char* bytes, std::size_t count) noexcept {
  std::string_view rest(bytes, count);
  while (!rest.empty()) {
    const ssize_t sent = transport_->send(rest);
    assert(sent != 0 && sent <= static_cast<ssize_t>(rest.size()));
    if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (rest.size() == count) return sent;
    if (sent != -EAGAIN) notify(readiness::writable);  // it will say so again
    break;
  }
  return static_cast<ssize_t>(count - rest.size());
}

ssize_t TransportEndpoint::send_gathered(const iovec* parts, std::size_t count) noexcept {
  std::array<char, gathered_at_once> gathered;
  std::size_t total = 0;
  for (std::size_t part = 0; part < count;) {
    const char* bytes = static_cast<const char*>(parts[part].iov_base);
    std::size_t offered = parts[part++].iov_len;
    if (offered < gathered.size() && part < count) {
      std::memcpy(gathered.data(), bytes, offered);
      while (part < count && parts[part].iov_len <= gathered.size() - offered) {
        std::memcpy(gathered.data() + offered, parts[part].iov_base, parts[part].iov_len);
        offered += parts[part++].iov_len;
      }
      bytes = gathered.data();
    }
    const ssize_t sent = send(bytes, offered);
    if (sent < 0 && total == 0) return sent;
    if (sent < 0 && sent != -EAGAIN) notify(readiness::writable);  // it will say so again
    if (sent < 0) break;
    total += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < offered) break;
  }
  return static_cast<ssize_t>(total);
}

int TransportEndpoint::shut_write() noexcept {
  if (!writable()) return -EAGAIN;  // it was asked, and will tell
  const int result = transport_->shut_write();
  if (result < 0 && result != -EAGAIN) write_failure_ = static_cast<std::int16_t>(-result);
  return result;
}

std::size_t TransportEndpoint::unreceived() const noexcept { return is_retired() ? 0 : transport_->unread(); }

std::size_t TransportEndpoint::unacknowledged() const noexcept {
  return is_retired() ? 0 : transport_->unsent();
}

void TransportEndpoint::on_retired(bool in_order) noexcept {
  in_order ? transport_->close() : transport_->abort();
}

// The news may come from within a call of ours, which ends with -EAGAIN all the same. They count from the loop's stack.
void TransportEndpoint::notify(Readiness news) noexcept {
  if (is_retired()) return;
  told_ |= news & (readiness::readable | readiness::writable);
  reactor().serve_next_turn(*this);
}

void TransportEndpoint::on_ready(Readiness readiness) {
  Endpoint::on_ready(readiness | std::exchange(told_, 0));
}

}  // namespace reactord
