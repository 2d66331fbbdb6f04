#include "reactord/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"

namespace reactord {
namespace {

struct Waiting;

// One request to the C library, which reads and writes it while the lookup is under way. It has one owner at a time:
//
//     resolve() --start--> the library's thread --post--> the loop's queue --> Waiting, freed by resolve()
//                                 |                             |
//                                 +--- no coroutine waits ------+--> freed
struct Lookup {
  Lookup(Waiting& by, Network network, std::string name) : host(std::move(name)), waiting(&by) {
    hints.ai_family = network == Network::tcp4 ? AF_INET : network == Network::tcp6 ? AF_INET6 : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    request.ar_name = host.c_str();
    request.ar_request = &hints;
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup() {
    if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
  }

  std::string host;
  addrinfo hints{};
  gaicb request{};
  Waiting* waiting;  // null: no coroutine waits any more. Written under `handover`
};

// The part of a lookup that the waiting coroutine holds. The loop sets `arrived` and cancels `wake`.
struct Waiting {
  explicit Waiting(Context& context) : wake(context, Time::never()) {}
  Context wake;
  std::unique_ptr<Lookup> arrived;
};

// The library's thread holds this mutex while it checks whether a coroutine waits, and posts. The coroutine locks it
// before it goes on, and its Reactor outlives the coroutine: so the thread has left the Reactor by then.
constinit std::mutex handover;

void abandon(Lookup& lookup) {
  const std::scoped_lock lock(handover);
  lookup.waiting = nullptr;
}

void deliver(std::unique_ptr<Lookup> lookup) {
  const std::scoped_lock lock(handover);
  Waiting* waiting = lookup->waiting;
  if (waiting == nullptr) return;
  waiting->arrived = std::move(lookup);
  waiting->wake.cancel();
}

void on_looked_up(sigval value) {
  system::block_signals();  // glibc unblocks them in its threads, but signals are the loop's
  std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(value.sival_ptr));
  const std::scoped_lock lock(handover);
  if (lookup->waiting == nullptr) return;
  Reactor& reactor = lookup->waiting->wake.reactor();
  reactor.post([result = std::move(lookup)]() mutable { deliver(std::move(result)); });
}

// Result: 0 or an EAI_ code. After success the lookup belongs to the thread.
int start(std::unique_ptr<Lookup>& lookup) {
  gaicb* requests[] = {&lookup->request};
  sigevent notice{};
  notice.sigev_notify = SIGEV_THREAD;
  notice.sigev_notify_function = on_looked_up;
  notice.sigev_value.sival_ptr = lookup.get();
  const int result = ::getaddrinfo_a(GAI_NOWAIT, requests, 1, &notice);
  if (result == 0) static_cast<void>(lookup.release());
  return result;
}

Result<std::vector<Address>> addresses_of(Lookup& lookup, std::uint16_t port) {
  const int failure = ::gai_error(&lookup.request);
  if (failure != 0) return std::unexpected(Error::from_lookup(failure, lookup.host));
  std::vector<Address> addresses;
  for (const addrinfo* info = lookup.request.ar_result; info != nullptr; info = info->ai_next) {
    if (addresses.size() == Resolver::max_addresses) break;
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, info->ai_addr, std::min<std::size_t>(info->ai_addrlen, sizeof storage));
    Address address = Address::from_socket_address(storage, info->ai_addrlen).with_port(port);
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(std::move(address));
  }
  if (addresses.empty()) return std::unexpected(Error::from_lookup(EAI_NONAME, lookup.host));
  return addresses;
}

std::unexpected<Error> gave_up(const Context& context, const std::string& host) {
  // If the context is not done, the Reactor is shutting down.
  const ErrorCode code = context.is_done() ? context.code() : ErrorCode::cancelled;
  return std::unexpected(Error::with_text(code, "lookup " + host + ": " + Error(code).reason()));
}

// getaddrinfo(3) takes "1.2" and "16909060" for addresses, as inet_aton(3) does, and stops reading at a NUL.
bool is_no_name(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos || host.contains('\0');
}

class SystemResolver final : public Resolver {
 public:
  Task<Result<std::vector<Address>>> resolve(Context& context, Network network, std::string host,
                                             std::uint16_t port) override {
    if (is_no_name(host)) co_return std::unexpected(Error::from_lookup(EAI_NONAME, host));
    if (context.is_done()) co_return gave_up(context, host);
    Waiting waiting(context);
    auto lookup = std::make_unique<Lookup>(waiting, network, host);
    Lookup* under_way = lookup.get();
    const int refused = start(lookup);
    if (refused != 0) {
      // glibc may have begun to notify all the same: then that thread frees the lookup, else it leaks.
      static_cast<void>(lookup.release());
      abandon(*under_way);
      co_return std::unexpected(Error::from_lookup(refused, host));
    }
    auto woken = co_await waiting.wake.done();
    static_cast<void>(woken);
    if (waiting.arrived) co_return addresses_of(*waiting.arrived, port);
    abandon(*under_way);
    co_return gave_up(context, host);
  }
};

}  // namespace

Resolver& Resolver::system() noexcept {
  static constinit SystemResolver resolver;
  return resolver;
}

}  // namespace reactord
