#include "daemon/daemon.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "daemon/listeners.hpp"
#include "daemon/printable.hpp"
#include "daemon/server_log.hpp"
#include "daemon/service_status.hpp"
#include "reactord/server.hpp"
#include "reactord/signals.hpp"

namespace reactord {
namespace {

int complain(const std::string& text, int status) {
  std::fprintf(stderr, "reactord: %s\n", text.c_str());
  return status;
}

class Daemon final : ServerLog {
 public:
  Daemon(const CommandLine& line, Options options, std::size_t descriptors,
         const std::optional<MemoryLimit>& memory, PassedSockets passed)
      : ServerLog(events_, counters_),
        line_(line),
        options_(std::move(options)),
        descriptors_(descriptors),
        memory_(memory),
        log_(Log::open(reactor_, STDERR_FILENO, options_.log_level)),
        events_(reactor_, *log_, options_.log_rate),
        notifier_(reactor_, NotifyEnvironment::take(), ::getpid(),
                  [this](const Error& error) {
                    log_->line(LogLevel::error, "notify-failed").add("error", error.text());
                  }),
        status_(reactor_, notifier_, [this] { return status_text(); }),
        listeners_(reactor_, server_, std::move(passed),
                   [this](const Error& error, Duration pause) { events_.accept_paused(error, pause); }),
        server_(reactor_, {.limits = options_.limits, .observer = this}) {}

  int run() {
    auto signals = Signals::open(reactor_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1});
    if (!signals) return fail(signals.error(), "");
    signals_.emplace(std::move(*signals));
    const auto listening = listeners_.change_to(options_);
    if (!listening) return fail(listening.error(), hint(listening.error()));
    tell_listeners(*listening);
    tell_unused_sockets();
    tell_limits();
    reactor_.spawn(obey_signals(*this, *signals_));
    notifier_.ready(status_text());
    const auto ran = reactor_.run();
    if (!ran) return fail(ran.error(), "");
    events_.summarize();
    auto line = log_->line(LogLevel::info, "stopped");
    counters_.add_to(line);
    return failed_ ? 1 : 0;
  }

 private:
  static constexpr std::size_t trim_from =
      1024;  // connections: fewer than that are not worth a walk of the heap
  // What a drain may take beyond its timeout, in the eyes of the service manager.
  static constexpr Duration drain_slack = 5s;

  static Task<> obey_signals(Daemon& daemon, Signals& signals) {
    while (true) {
      auto number = co_await signals.next();
      if (!number) co_return;
      try {
        daemon.obey(*number);
      } catch (const std::bad_alloc&) {
        daemon.log_->line(LogLevel::error, "signal-failed").add("error", "out of memory");
      }
    }
  }

  void obey(int number) {
    if (number == SIGUSR1) return tell_counters();
    // Without a file it can only mean that the terminal is gone.
    const bool can_reload = !options_.config.empty();
    if (number == SIGHUP && (can_reload || server_.is_draining())) return reload();
    const bool is_second = server_.is_draining();
    log_->line(LogLevel::info, is_second ? "stopping-now" : "draining")
        .add("signal", number == SIGTERM  ? "SIGTERM"
                       : number == SIGINT ? "SIGINT"
                                          : "SIGHUP")
        .add("connections", server_.open_connections());
    if (is_second) return server_.kill();
    server_.drain(options_.drain_timeout);
    notifier_.stopping(status_text());
    notifier_.extend_timeout(options_.drain_timeout + drain_slack);
  }

  // ---- SIGHUP

  void reload() {
    if (server_.is_draining()) {
      log_->line(LogLevel::warn, "reload-ignored").add("reason", "it is draining");
      return;
    }
    notifier_.reloading(monotonic_now());
    mistakes_ = change_settings();
    counters_.reloaded(mistakes_, std::chrono::system_clock::now());
    if (mistakes_ > 0) {
      log_->line(LogLevel::error, "reload-failed").add("mistakes", mistakes_).add("config", options_.config);
    }
    notifier_.ready(status_text());
  }

  // All of them, or none and how many mistakes there were.
  std::size_t change_settings() {
    const auto settings = SettingsInForce::read(line_);
    if (!settings) return tell_mistakes(settings.error().lines);
    Options options = settings->options();
    const auto most = settings->connections_that_fit(descriptors_, listeners_.descriptors(options));
    if (!most) return tell_mistakes(most.error().lines);
    options.limits.connections.most = *most;
    const auto buffers = settings->buffers_that_fit(memory_);
    if (!buffers) return tell_mistakes(buffers.error().lines);
    options.limits.max_buffers = *buffers;
    const auto changed = listeners_.change_to(options);
    if (!changed) return tell_mistakes({changed.error().text()});
    log_->set_level(options.log_level);
    if (options.log_rate != options_.log_rate) events_.set_rate(options.log_rate);
    const bool has_new_limits = options.limits != options_.limits;
    options_ = std::move(options);
    if (has_new_limits) server_.set_limits(options_.limits);
    log_->line(LogLevel::info, "reloaded").add("config", options_.config);
    tell_listeners(*changed);
    if (has_new_limits) tell_limits();
    return 0;
  }

  std::size_t tell_mistakes(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      log_->line(LogLevel::error, "reload-failed").add("error", line);
    }
    return lines.size();
  }

  // ---- What is told

  std::string status_text() const {
    const std::string connections = count_text(server_.open_connections(), "connection");
    if (server_.is_draining()) return "Draining: " + connections + " left";
    const std::string serving = "erving " + listeners_.text() + "; " + connections;
    if (mistakes_ == 0) return "S" + serving;
    return "Reload failed: " + count_text(mistakes_, "mistake") + ", see the log. As before, s" + serving;
  }

  void tell_listeners(const Listeners::Change& change) {
    for (const Listeners::Served& one : change.removed) tell_listener("not-listening", one);
    for (const Listeners::Served& one : change.added) tell_listener("listening", one);
  }

  void tell_listener(std::string_view event, const Listeners::Served& one) {
    auto line = log_->line(LogLevel::info, event);
    line.add("protocol", one.option.protocol).add("address", one.address.text());
    if (one.option.is_passed()) line.add("passed-as", one.option.passed_name());
  }

  void tell_unused_sockets() {
    for (const PassedSocket& socket : listeners_.take_unused()) {
      auto line = log_->line(LogLevel::warn, "passed-socket-closed");
      line.add("name", socket.name()).add("descriptor", static_cast<std::uint64_t>(socket.number()));
      if (socket.address()) {
        line.add("address", socket.address()->text())
            .add("reason",
                 "no listen has systemd:" + socket.name() + ", or there is none and no such protocol");
      } else {
        line.add("reason", socket.address().error().text());
      }
    }
  }

  void tell_limits() {
    auto line = log_->line(LogLevel::info, "limits");
    line.add("max-connections", options_.limits.connections.most)
        .add("descriptors", descriptors_)
        .add("max-buffers", options_.limits.max_buffers);
    if (memory_) line.add("memory", memory_->bytes);
  }

  void tell_counters() {
    auto line = log_->answer("counters");
    counters_.add_to(line);
  }

  // ---- What the server tells

  void on_accepted() override { status_.changed(); }
  void on_closed(const ConnectionEnd& end) override {
    status_.changed();
    give_back_memory();
    ServerLog::on_closed(end);
  }
  void on_listener_failed(ListenerId id, const Error& error) override {
    failed_ = true;
    ServerLog::on_listener_failed(id, error);
    status_.changed();
    const auto gone = listeners_.forget(id);
    try {
      if (gone) tell_listener("not-listening", *gone);
    } catch (const std::bad_alloc&) {
      log_->count_dropped();
    }
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
    return complain(printable(error.text()) + advice,
                    error.code() == ErrorCode::invalid ? exit_configuration : 1);
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

  const CommandLine& line_;
  Options options_;
  std::size_t descriptors_;
  std::optional<MemoryLimit> memory_;  // at the start: what we have taken since is what it is for
  Reactor reactor_;
  Owned<Log> log_;
  EventLog events_;
  std::optional<Signals> signals_;
  Notifier notifier_;
  ServiceStatus status_;
  std::size_t mistakes_ = 0;  // of the last reload
  std::size_t most_open_ = 0;
  bool failed_ = false;
  Counters counters_{reactor_, server_};
  Listeners listeners_;  // refers to the server, and uses it only while it is there
  Server server_;        // the last, because its end is told to all of the above
};

}  // namespace

int run_daemon(const CommandLine& line, const SettingsInForce& settings, PassedSockets passed) {
  const long limit = system::raise_descriptor_limit();
  if (limit < 0) return complain(Error::from_errno(static_cast<int>(-limit), "getrlimit").text(), 1);
  const auto descriptors = static_cast<std::size_t>(limit);
  Options options = settings.options();
  const std::size_t listening =
      listening_descriptors(wanted_listeners(options, passed.names()), {}, passed.all_names());
  const auto most = settings.connections_that_fit(descriptors, listening);
  if (!most) return complain(most.error().lines.front(), most.error().status);
  options.limits.connections.most = *most;
  const auto memory = find_memory_limit();
  const auto buffers = settings.buffers_that_fit(memory);
  if (!buffers) return complain(buffers.error().lines.front(), buffers.error().status);
  options.limits.max_buffers = *buffers;
  Daemon daemon(line, std::move(options), descriptors, memory, std::move(passed));
  return daemon.run();
}

}  // namespace reactord
