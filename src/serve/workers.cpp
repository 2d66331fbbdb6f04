#include "reactord/workers.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/system_process.hpp"
#include "serve/stop_signals.hpp"
#include "serve/worker.hpp"

namespace reactord {

// One run(): the caller's thread turns a Reactor of its own, to which signals come, and each worker's end.
class Workers::Run {
 public:
  explicit Run(Workers& workers) noexcept : workers_(workers) {}

  Result<void> run() {
    auto signals = StopSignals::open(reactor_, [this](Stop how) {
      if (how == Stop::kill) return workers_.kill();
      workers_.stop();
    });
    if (!signals) return std::unexpected(std::move(signals).error());
    start_all();
    if (auto ran = reactor_.run();
        !ran) {  // nobody hears of the ends any more: they are waited for by join()
      note(std::move(ran).error());
      workers_.kill();
    }
    for (auto& worker : workers_.workers_) worker->join();
    if (first_error_) return std::unexpected(*std::move(first_error_));
    return {};
  }

 private:
  void start_all() {
    const system::SignalsBlocked in_the_threads;
    try {
      for (auto& worker : workers_.workers_) {
        worker->start([this, &ended = *worker] { reactor_.post([this, &ended] { has_ended(ended); }); });
        reactor_.work_began();
      }
      return;
    } catch (const std::system_error& failure) {
      note(Error::from_errno(failure.code().value(), "pthread_create"));
    } catch (const std::bad_alloc&) {
      note(Error::from_errno(ENOMEM, "pthread_create"));
    }
    workers_.kill();
  }

  void has_ended(const Worker& worker) {
    reactor_.work_ended();
    if (worker.result() || first_error_) return;
    note(worker.result().error());
    workers_.stop();
  }

  void note(Error error) {
    if (!first_error_) first_error_ = std::move(error);
  }

  Workers& workers_;
  std::optional<Error> first_error_;  // before the Reactor, whose end may still hear of a thread's
  Reactor reactor_;
};

Workers::Workers(WorkersOptions options) {
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t count = options.threads > 0 ? options.threads : processors;
  workers_.reserve(count);
  for (std::size_t index = 0; index < count; ++index)
    workers_.push_back(std::make_unique<Worker>(
        options.server_options ? options.server_options(index) : ServerOptions(), options.drain_timeout));
}

Workers::~Workers() { assert(phase_ != Phase::running && "Workers outlive their run()"); }

Result<Address> Workers::listen(std::string_view address, const MakeHandler& make,
                                std::string_view protocol) {
  assert(phase_ == Phase::made && "Workers listen before run()");
  const bool share = threads() > 1;
  auto at = Address::parse(address);
  if (!at) return std::unexpected(std::move(at).error().with_operation("listen", "tcp", "", ""));
  if (share && at->is_unix())
    return std::unexpected(Error::invalid("threads can't share a unix socket: use tcp, or one thread")
                               .with_operation("listen", "unix", "", at->text()));
  std::vector<Listener> listeners;
  std::vector<OwnedHandler> handlers;
  for (auto& worker : workers_) {
    auto listener = worker->open(*at, share);
    if (!listener) return std::unexpected(std::move(listener).error());
    if (at->is_ip() && at->port() == 0) at = at->with_port(listener->local_addr().port());
    listeners.push_back(std::move(*listener));
  }
  const Address local = listeners.front().local_addr();
  for (std::size_t index = 0; index < threads(); ++index)
    handlers.push_back(make(index, workers_[index]->server()));
  for (std::size_t index = 0; index < threads(); ++index)
    workers_[index]->serve(std::move(listeners[index]), std::move(handlers[index]), protocol);
  return local;
}

void Workers::post(std::size_t index, std::move_only_function<void(Server&)> work) {
  assert(index < threads());
  workers_[index]->post(std::move(work));
}

Result<void> Workers::run() {
  if (phase_ != Phase::made)
    return std::unexpected(
        Error::with_text(ErrorCode::busy, "run: the workers run once, and have been run already"));
  phase_ = Phase::running;
  auto ran = Run(*this).run();
  phase_ = Phase::ended;
  return ran;
}

void Workers::stop() noexcept {
  for (auto& worker : workers_) worker->end(Stop::drain);
}

void Workers::kill() noexcept {
  for (auto& worker : workers_) worker->end(Stop::kill);
}

Server& Workers::server(std::size_t index) noexcept {
  assert(index < threads());
  return workers_[index]->server();
}

}  // namespace reactord
