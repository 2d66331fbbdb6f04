#include "daemon/daemon.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "base/system.hpp"
#include "daemon/descriptor_budget.hpp"
#include "daemon/event_log.hpp"
#include "protocols/table.hpp"
#include "reactord/server.hpp"
#include "reactord/signals.hpp"

namespace reactord {
namespace {

int complain(const std::string& text, int status) {
  std::fprintf(stderr, "reactord: %s\n", text.c_str());
  return status;
}

class Daemon final : ServerObserver {
 public:
  Daemon(const Options& options, std::size_t descriptors)
      : options_(options),
        descriptors_(descriptors),
        log_(Log::open(reactor_, STDERR_FILENO, options.log_level)),
        events_(reactor_, *log_, options.log_rate),
        server_(reactor_, {.limits = options.limits, .observer = this}) {}

  int run() {
    auto signals = Signals::open(reactor_, {SIGTERM, SIGINT, SIGUSR1});
    if (!signals) return fail(signals.error(), "");
    signals_.emplace(std::move(*signals));
    for (const ListenOption& option : options_.listen) {
      const auto listening = listen(option);
      if (!listening) return fail(listening.error(), hint(listening.error()));
      log_->line(LogLevel::info, "listening")
          .add("protocol", option.protocol)
          .add("address", listening->text());
    }
    log_->line(LogLevel::info, "limits")
        .add("max-connections", options_.limits.connections.most)
        .add("descriptors", descriptors_)
        .add("max-buffers", options_.limits.max_buffers);
    reactor_.spawn(obey_signals(*this, *signals_));
    const auto ran = reactor_.run();
    if (!ran) return fail(ran.error(), "");
    events_.summarize();
    tell_counters("stopped");
    return failed_ ? 1 : 0;
  }

 private:
  static constexpr std::size_t trim_from =
      1024;  // connections: fewer than that are not worth a walk of the heap

  Result<Address> listen(const ListenOption& option) {
    const Protocol& protocol = *find_protocol(option.protocol);
    const Handler handler = protocol.handler();
    return std::visit([&](auto* one) { return server_.listen(option.address, *one, protocol.name); },
                      handler);
  }

  static Task<> obey_signals(Daemon& daemon, Signals& signals) {
    while (true) {
      auto number = co_await signals.next();
      if (!number) co_return;
      daemon.obey(*number);
    }
  }

  void obey(int number) {
    if (number == SIGUSR1) return tell_counters("counters");
    const bool is_second = server_.is_draining();
    log_->line(LogLevel::info, is_second ? "stopping-now" : "draining")
        .add("signal", number == SIGTERM ? "SIGTERM" : "SIGINT")
        .add("connections", server_.open_connections());
    if (is_second) return server_.kill();
    server_.drain(options_.drain_timeout);
  }

  void tell_counters(std::string_view event) {
    auto line = log_->line(LogLevel::info, event);
    line.add("accepted", server_.accepted()).add("open", server_.open_connections());
    for (std::size_t index = 0; index < end_causes; ++index) {
      const auto cause = static_cast<EndCause>(index);
      line.add(to_string(cause), server_.ended(cause));
    }
  }

  void on_closed(const ConnectionEnd& end) override {
    give_back_memory();
    events_.closed(end);
  }
  void on_limit(const LimitReached& limit) override { events_.limit_reached(limit); }
  void on_stall(const HandlerStall& stall) override { events_.stalled(stall); }
  void on_wait_failed(const Error& error) override { events_.wait_failed(error); }
  void on_accept_paused(const Error& error, Duration pause) override { events_.accept_paused(error, pause); }
  void on_listener_failed(const Error& error) override {
    failed_ = true;
    events_.listener_failed(error);
  }
  void on_drained() override {
    if (signals_) signals_->close();
  }

  // The allocator keeps what a burst of connections has used; half of it gone is a moment to give it to the
  // kernel.
  void give_back_memory() noexcept {
    most_open_ = std::max(most_open_, server_.open_connections());
    if (most_open_ < trim_from || server_.open_connections() > most_open_ / 2) return;
    most_open_ = server_.open_connections();
    ::malloc_trim(0);
  }

  int fail(const Error& error, const std::string& advice) {
    log_->flush();
    return complain(error.text() + advice, 1);
  }

  static std::string hint(const Error& error) {
    switch (error.system_errno()) {
      case EADDRINUSE:
        return "\nAnother process holds it: \"ss -lptn\" shows which; or choose another with --listen.";
      case EACCES:
        return "\nPorts below 1024 and foreign directories need a privilege; or choose another with "
               "--listen.";
      case EADDRNOTAVAIL:
        return "\nNo interface of this machine has that address: \"ip address\" lists them.";
      default:
        return "";
    }
  }

  const Options& options_;
  std::size_t descriptors_;
  Reactor reactor_;
  Owned<Log> log_;
  EventLog events_;
  std::optional<Signals> signals_;  // outlives the server, whose end closes it
  Server server_;
  std::size_t most_open_ = 0;
  bool failed_ = false;
};

// A signal that has a handler, unlike one that is ignored, is back to its default in a program we start.
void no_signal_handler(int) {}

void prepare_process() {
  struct sigaction action {};
  action.sa_handler = no_signal_handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace

int run_daemon(Options options) {
  prepare_process();
  const long limit = system::raise_descriptor_limit();
  if (limit < 0) return complain(Error::from_errno(static_cast<int>(-limit), "getrlimit").text(), 1);
  CountLimit& connections = options.limits.connections;
  const auto most =
      connections_that_fit(static_cast<std::size_t>(limit), options.listen.size(), connections.most);
  if (!most) return complain(most.error(), exit_usage);
  connections.most = *most;
  Daemon daemon(options, static_cast<std::size_t>(limit));
  return daemon.run();
}

}  // namespace reactord
