// Workers: a server on several threads. Each thread has a Reactor and a Server of its own, and they share the port.
//
//     Workers workers;                                  // as many threads as processors
//     auto address = workers.listen(":9090", [](std::size_t, Server&) { return std::make_unique<Greeter>(); });
//     auto ran = workers.run();                         // until SIGINT or SIGTERM has ended all in order
//
//     clients --> port --SO_REUSEPORT--+--> thread 0: listener, Reactor, Server, handler
//                                      +--> thread 1: listener, Reactor, Server, handler
//     the caller's thread: run() waits for a signal, and for the end of each thread
//
// The kernel gives each connection to one thread, by a hash of its addresses, and there it stays. The threads share
// nothing: the author of a handler guards what it shares with others, or sends it by post(). Limits count in each thread by
// itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "reactord/owned_handler.hpp"
#include "reactord/server.hpp"

namespace reactord {

class Worker;

struct WorkersOptions {
  std::size_t threads = 0;       // 0: one for each processor that this process may use
  Duration drain_timeout = 10s;  // what is open then is killed, see Server::drain()

  // Makes the options of the server of thread `index`. It is called in the caller's thread, by the constructor. An
  // observer is called by its server's thread, so each thread needs one of its own or one that is guarded.
  std::function<ServerOptions(std::size_t index)> server_options = {};
};

// It belongs to the thread that made it, but for post(), stop() and kill(), which any thread may call while it lives.
class Workers {
 public:
  // Makes the handler of thread `index`, from 0. It is called in the caller's thread. `server` is the one that will serve
  // the handler.
  using MakeHandler = std::function<OwnedHandler(std::size_t index, Server& server)>;

  explicit Workers(WorkersOptions options = {});
  ~Workers();  // not while run() runs
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t threads() const noexcept { return workers_.size(); }

  // Listens at `address`, on all threads or on none, with a handler for each. Only before run(): so an address in use is
  // told before a thread begins. With more than one thread the sockets have SO_REUSEPORT, and another process of the same
  // user that asks for it too may share the port. Result: the address, with the port that the kernel chose. Errors: those
  // of Server::listen(); invalid for a unix socket and more than one thread, which can't share it. An exception of
  // `make` leaves this call.
  Result<Address> listen(std::string_view address, const MakeHandler& make, std::string_view protocol = {});

  // Runs `work` once, with the server of thread `index`, in that thread and within a turn. Posted before run(): once the
  // thread runs. Posted after the thread has ended: at the latest by ~Workers, in its thread.
  void post(std::size_t index, std::move_only_function<void(Server&)> work);

  // Starts the threads, and returns when all have ended. A thread ends as Reactor::run() does, when its server has ended
  // and nothing is left to run. SIGINT and SIGTERM are as in run_until_signal(), and stay blocked in the caller's thread;
  // the threads block all signals. When one thread fails, the others drain. A handler that does not return keeps this
  // from returning. May be called once.
  // Result: ok, also after a kill. Errors: the first of any thread, as Reactor::run() gives it; system, when a thread
  // can't be started: those that were are killed; those of signalfd(2); busy, when it is called again.
  Result<void> run();

  // Ends each server by Server::drain(drain_timeout): run() then returns. Before run(): as soon as a thread runs. It
  // allocates nothing. Calls that come before a thread has obeyed the first are one. Work posted before it runs before it.
  void stop() noexcept;

  void kill() noexcept;  // the same by Server::kill(), also for a server that is to drain

  // The server of thread `index`. Only before run(), after it, or in that thread.
  Server& server(std::size_t index) noexcept;

 private:
  enum class Phase : std::uint8_t {
    made,     // no thread has been started
    running,  // run() is on the stack
    ended     // no thread is left
  };
  class Run;

  Phase phase_ = Phase::made;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace reactord
