// Worker: one thread of Workers, with its Reactor, its Server and its handlers.
//
//     made --start(), in the caller's thread--> its thread runs the Reactor --join(), in the caller's thread--> ended
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "reactord/owned_handler.hpp"
#include "reactord/posted_call.hpp"
#include "reactord/server.hpp"
#include "serve/stop_signals.hpp"

namespace reactord {

class Worker {
 public:
  Worker(const ServerOptions& options, Duration drain_timeout)
      : observer_(options.observer), server_(reactor_, options), ending_(server_, drain_timeout) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // Posted work that has not run yet runs here, while the server is there for it.
  ~Worker();

  Server& server() noexcept { return server_; }

  Result<Listener> open(const Address& address, bool shares_port);
  void serve(Listener listener, OwnedHandler handler, std::string_view protocol);

  // May be called by any thread.
  void post(std::move_only_function<void(Server&)> work);

  // Drains or kills the server, in its thread. May be called by any thread.
  void end(Stop how) noexcept {
    ending_.ask(how);
    reactor_.post(ending_);
  }

  // Starts the thread, which blocks the signals that the caller blocks. `ended` is called by it at its end. Throws
  // std::system_error when there can be no further thread.
  void start(std::function<void()> ended);
  void join() noexcept;  // no effect when it was not started

  // The result of the Reactor's run(), once `ended` was called.
  const Result<void>& result() const noexcept { return result_; }

 private:
  // The end that other threads have asked for.
  class Ending final : public PostedCall {
   public:
    Ending(Server& server, Duration drain_timeout) noexcept
        : server_(server), drain_timeout_(drain_timeout) {}
    void ask(Stop how) noexcept {
      if (how == Stop::kill) is_kill_ = true;
    }

   private:
    void on_posted() override;

    Server& server_;
    const Duration drain_timeout_;
    std::atomic<bool> is_kill_ = false;  // what was asked for once holds for all later calls
  };

  std::vector<OwnedHandler> handlers_;  // before the server, which they outlive
  ServerObserver* observer_;
  Reactor reactor_;
  Server server_;
  Ending ending_;
  Result<void> result_;
  std::thread thread_;
};

}  // namespace reactord
