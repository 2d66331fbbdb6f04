#include "daemon/daemon.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "daemon/complaint.hpp"
#include "daemon/control.hpp"
#include "daemon/control_handler.hpp"
#include "daemon/daemon_host.hpp"
#include "daemon/heap_after_burst.hpp"
#include "daemon/listener_log.hpp"
#include "daemon/listeners.hpp"
#include "daemon/live_settings.hpp"
#include "daemon/metrics.hpp"
#include "daemon/metrics_file.hpp"
#include "daemon/program.hpp"
#include "daemon/program_hooks.hpp"
#include "daemon/program_log.hpp"
#include "daemon/programs.hpp"
#include "daemon/server_log.hpp"
#include "daemon/service_status.hpp"
#include "daemon/stopping.hpp"
#include "reactord/event.hpp"
#include "reactord/server.hpp"
#include "reactord/signals.hpp"

namespace reactord {
namespace {

class Daemon final : ServerLog {
 public:
  Daemon(const CommandLine& line, const SettingsInForce& settings, Options options,
         const LiveSettings::System& system, PassedSockets passed)
      : ServerLog(events_, counters_),
        program_(*options.program),
        log_(Log::open(reactor_, STDERR_FILENO, options.log_level)),
        events_(reactor_, *log_, options.log_rate),
        notifier_(
            reactor_, NotifyEnvironment::take(), ::getpid(),
            [this](const Error& error) {
              log_->line(LogLevel::error, "notify-failed").add("error", error.text());
            },
            program_.name()),
        status_(reactor_, notifier_, [this] { return status_text(); }),
        listeners_(
            reactor_, server_, std::move(passed),
            [this](const Error& error, Duration pause) { on_accept_paused(error, pause); }, &programs_),
        live_(line, settings, std::move(options), system,
              {reactor_, server_, listeners_, programs_, control_, metrics_, metrics_file_, *log_, events_,
               counters_, notifier_, status_}),
        host_({reactor_, server_, listeners_, programs_, counters_, program_log_, live_, *log_, slow_calls_,
               ended_connections_, events_},
              [this] { stop(Stopping::by_control); }),
        server_(reactor_, {.limits = live_.options().limits, .observer = this}) {}

  int run() {
    auto signals = Signals::open(reactor_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1});
    if (!signals) return fail(signals.error(), "");
    signals_.emplace(std::move(*signals));
    events_.set_probe_level(live_.options().probe_level);
    events_.set_access_log(live_.options().access_log);
    put_own_in_force(live_.options());
    reactor_.spawn(live(*this));
    const auto ran = reactor_.run();
    if (refusal_) {
      log_->flush();
      return complain(program_.name(), "can't start: " + *refusal_, 1);
    }
    if (start_failure_) return fail(start_failure_->error, start_failure_->hint);
    if (!ran) {
      reactor_.shutdown();  // what is suspended ends while all that it uses is there
      return fail(ran.error(), "");
    }
    events_.summarize();
    add_counters_to(log_->line(LogLevel::info, "stopped"));
    return failed_ ? 1 : 0;
  }

 private:
  // The time that the service manager allows a drain, and on_stop, beyond their timeout.
  static constexpr Duration drain_slack = 5s;
  Duration drain_timeout() const noexcept { return live_.options().drain_timeout; }
  Duration longest_stop() const noexcept { return drain_timeout() + drain_slack; }

  // Where memory runs out, a step is taken for failed.
  static Task<> live(Daemon& daemon) {
    daemon.refusal_ = daemon.hooks_.start();
    if (daemon.refusal_) {
      daemon.reactor_.shutdown();
      co_return;
    }
    try {
      Task<> starting = start(daemon);
      co_await std::move(starting);
    } catch (const std::bad_alloc&) {
      daemon.start_failure_ = {Error::from_errno(ENOMEM), ""};
    }
    if (!daemon.start_failure_) {
      const auto drained = co_await daemon.drained_.wait();
      if (!drained) co_return;  // the loop has failed
    }
    bool stopped = false;
    try {
      Task<> ending = Programs::stop(daemon.programs_, daemon.stopping_.until());
      co_await std::move(ending);
      Task<> reading = Metrics::stop(daemon.metrics_);
      co_await std::move(reading);
      Task<> writing = MetricsFile::stop(daemon.metrics_file_);
      co_await std::move(writing);
      // Last of these: until then an operator may ask what the end waits for.
      Task<> closing = Control::stop(daemon.control_);
      co_await std::move(closing);
      if (daemon.hooks_.has_stop()) daemon.notifier_.extend_timeout(daemon.longest_stop());
      Task<bool> stopping = daemon.hooks_.stop(daemon.drain_timeout());
      const auto result = co_await std::move(stopping);
      stopped = result;
    } catch (const std::bad_alloc&) {
      daemon.reactor_.shutdown();
    }
    if (!stopped) daemon.failed_ = true;
  }

  // Signals that come meanwhile wait until the daemon listens.
  static Task<> start(Daemon& daemon) {
    Task<std::expected<void, LiveSettings::Refusal>> starting = LiveSettings::start(daemon.live_);
    auto listening = co_await std::move(starting);
    if (!listening) {
      daemon.start_failure_ = std::move(listening).error();
      co_return;
    }
    daemon.reactor_.spawn(obey_signals(daemon, *daemon.signals_));
    daemon.status_.ready();
  }

  static Task<> obey_signals(Daemon& daemon, Signals& signals) {
    while (true) {
      auto number = co_await signals.next();
      if (!number) co_return;
      try {
        Task<> obeying = obey(daemon, *number);
        co_await std::move(obeying);
      } catch (const std::bad_alloc&) {
        daemon.log_->line(LogLevel::error, "signal-failed").add("error", "out of memory");
      }
    }
  }

  static Task<> obey(Daemon& daemon, int number) {
    if (number == SIGUSR1) {
      daemon.add_counters_to(daemon.log_->answer("counters"));
      co_return;
    }
    // Without a configuration file, SIGHUP can only mean that the terminal is gone.
    const bool can_reload = !daemon.live_.options().config.empty();
    if (number == SIGHUP && (can_reload || daemon.server_.is_draining())) {
      Task<std::vector<std::string>> reloading = LiveSettings::reload(daemon.live_);
      auto mistakes = co_await std::move(reloading);
      co_return;
    }
    // A reload that the control socket has asked for comes to its end first.
    auto turn = co_await daemon.live_.turn().acquire();
    daemon.stop(Stopping::by_signal(number));
  }

  void stop(Stopping::Order order) {
    const bool began = stopping_.stop(order, drain_timeout());
    programs_.end_by(stopping_.until());
    if (!began) return;
    notifier_.stopping(status_text());
    notifier_.extend_timeout(longest_stop());
  }

  // ---- Reports

  std::string status_text() const {
    const std::string connections = count_text(server_.open_connections(), "connection");
    if (server_.is_draining()) return "Draining: " + connections + " left";
    const std::string serving = "erving " + listeners_.text() + "; " + connections;
    const std::size_t mistakes = live_.mistakes();
    if (mistakes == 0) return "S" + serving;
    return "Reload failed: " + count_text(mistakes, "mistake") + ", see the log. As before, s" + serving;
  }

  void add_counters_to(Log::Line line) const {
    counters_.add_to(line);
    program_log_.add_to(line);
  }

  // ---- The observer's calls

  void on_accepted() override { status_.changed(); }
  void on_closed(const ConnectionEnd& end) override {
    status_.changed();
    heap_.give_back(server_.open_connections());
    ended_connections_.add(end, reactor_.now());
    ServerLog::on_closed(end);
  }
  void on_listener_failed(ListenerId id, const Error& error) override {
    failed_ = true;
    ServerLog::on_listener_failed(id, error);
    status_.changed();
    const auto gone = listeners_.forget(id);
    try {
      if (gone) log_listener(*log_, "not-listening", *gone);
    } catch (const std::bad_alloc&) {
      log_->count_dropped();
    }
  }
  void on_stall(const HandlerStall& stall) override {
    slow_calls_.add(stall, reactor_.now());
    ServerLog::on_stall(stall);
  }
  void on_drained() override { drained_.set(); }

  int fail(const Error& error, const std::string& advice) {
    log_->flush();
    // The configuration asks for a socket of a kind that the process may not have: a restart does not help.
    const bool is_configured = error.code() == ErrorCode::invalid || error.system_errno() == EAFNOSUPPORT;
    return complain(program_.name(), error.text(), is_configured ? exit_configuration : 1, advice);
  }

  const Program& program_;
  Reactor reactor_;
  WatchHandle<Log> log_;
  EventLog events_;
  std::optional<Signals> signals_;
  Notifier notifier_;
  ServiceStatus status_;
  HeapAfterBurst heap_;
  bool failed_ = false;
  std::optional<std::string> refusal_;  // why the program's on_start has failed
  std::optional<LiveSettings::Refusal> start_failure_;
  Counters counters_{reactor_, server_};
  SlowCalls slow_calls_;
  EndedConnections ended_connections_;
  ProgramLog program_log_{events_};
  Programs programs_{reactor_, server_, program_log_};
  Listeners listeners_;  // refers to the server, and uses it only while it exists
  ProgramHooks hooks_{reactor_, program_, *log_};
  Event drained_{reactor_};
  Stopping stopping_{reactor_, server_, hooks_, *log_};
  LiveSettings live_;
  DaemonHost host_;
  ControlHandler control_handler_{
      host_,
      {connection_commands(), report_commands(), change_commands(), metrics_commands(), follow_commands()}};
  Control control_{reactor_, control_handler_, *log_, events_};
  Metrics metrics_{reactor_, host_, *log_, events_};
  MetricsFile metrics_file_{reactor_, host_, *log_};
  Server server_;  // the last member, because its end is reported to the others
};

}  // namespace

int serve_as_daemon(const CommandLine& line, const SettingsInForce& settings, PassedSockets passed) {
  const long limit = system::raise_descriptor_limit();
  const std::string& name = settings.options().program->name();
  if (limit < 0) return complain(name, Error::from_errno(static_cast<int>(-limit), "getrlimit").text(), 1);
  const auto descriptors = static_cast<std::size_t>(limit);
  const std::size_t listening =
      listening_descriptors(wanted_listeners(settings.options(), passed.names()), {}, passed.all_names());
  const auto memory = find_memory_limit();
  auto options = settings.options_within(descriptors, listening, memory);
  if (!options) return complain(name, options.error().lines.front(), options.error().status);
  Daemon daemon(line, settings, std::move(*options), {descriptors, memory}, std::move(passed));
  return daemon.run();
}

}  // namespace reactord
