#include "daemon/daemon.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "daemon/complaint.hpp"
#include "daemon/listen_hint.hpp"
#include "daemon/listener_log.hpp"
#include "daemon/listeners.hpp"
#include "daemon/printable.hpp"
#include "daemon/server_log.hpp"
#include "daemon/service_status.hpp"
#include "daemon/stopping.hpp"
#include "reactord/server.hpp"
#include "reactord/signals.hpp"

namespace reactord {
namespace {

class Daemon final : ServerLog {
 public:
  Daemon(const CommandLine& line, const SettingsInForce& settings, Options options, std::size_t descriptors,
         const std::optional<MemoryLimit>& memory, PassedSockets passed)
      : ServerLog(events_, counters_),
        line_(line),
        options_(std::move(options)),
        full_files_(settings.full_files()),
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
    events_.set_probe_level(options_.probe_level);
    reactor_.spawn(start(*this));
    const auto ran = reactor_.run();
    if (start_failure_) return fail(*start_failure_, listen_hint(*start_failure_, options_.listen));
    if (!ran) return fail(ran.error(), "");
    events_.summarize();
    auto line = log_->line(LogLevel::info, "stopped");
    counters_.add_to(line);
    return failed_ ? 1 : 0;
  }

 private:
  // The number of connections from which a walk of the heap is worth its time.
  static constexpr std::size_t trim_from = 1024;
  // The time that the service manager allows a drain beyond its timeout.
  static constexpr Duration drain_slack = 5s;

  // Signals that come meanwhile wait until the daemon listens.
  static Task<> start(Daemon& daemon) {
    Result<Listeners::Change> listening = std::unexpected(Error::from_errno(ENOMEM));
    try {
      Task<Result<Listeners::Change>> changing = daemon.listeners_.change_to(daemon.options_);
      auto changed = co_await std::move(changing);
      listening = std::move(changed);
    } catch (const std::bad_alloc&) {  // reported as ENOMEM, set above
    }
    if (!listening) {
      daemon.start_failure_ = std::move(listening).error();
      daemon.signals_->close();
      co_return;
    }
    log_change(*daemon.log_, *listening);
    log_unused(*daemon.log_, daemon.listeners_.take_unused());
    daemon.tell_limits();
    daemon.reactor_.spawn(obey_signals(daemon, *daemon.signals_));
    daemon.notifier_.ready(daemon.status_text());
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
      daemon.tell_counters();
      co_return;
    }
    // Without a configuration file, SIGHUP can only mean that the terminal is gone.
    const bool can_reload = !daemon.options_.config.empty();
    if (number == SIGHUP && (can_reload || daemon.server_.is_draining())) {
      Task<> reloading = reload(daemon);
      co_await std::move(reloading);
      co_return;
    }
    if (!daemon.stopping_.stop(number, daemon.options_.drain_timeout)) co_return;
    daemon.notifier_.stopping(daemon.status_text());
    daemon.notifier_.extend_timeout(daemon.options_.drain_timeout + drain_slack);
  }

  // ---- SIGHUP

  static Task<> reload(Daemon& daemon) {
    if (daemon.server_.is_draining()) {
      daemon.log_->line(LogLevel::warn, "reload-ignored").add("reason", "it is draining");
      co_return;
    }
    daemon.notifier_.reloading(monotonic_now());
    daemon.mistakes_ = 1;
    try {
      Task<std::size_t> changing = change_settings(daemon);
      auto mistakes = co_await std::move(changing);
      daemon.mistakes_ = mistakes;
    } catch (const std::bad_alloc&) {  // completed steps stay, and the next reload begins from there
      daemon.log_->line(LogLevel::error, "reload-failed").add("error", "out of memory");
    }
    daemon.counters_.reloaded(daemon.mistakes_, std::chrono::system_clock::now());
    if (daemon.mistakes_ > 0) {
      daemon.log_->line(LogLevel::error, "reload-failed")
          .add("mistakes", daemon.mistakes_)
          .add("config", daemon.options_.config);
    }
    daemon.notifier_.ready(daemon.status_text());
  }

  // Applies all new settings or none. Returns the number of mistakes.
  static Task<std::size_t> change_settings(Daemon& daemon) {
    const auto wanted = daemon.read_options();
    if (!wanted) co_return daemon.tell_mistakes(wanted.error());
    Task<Result<Listeners::Change>> changing = daemon.listeners_.change_to(wanted->options);
    const auto changed = co_await std::move(changing);
    if (!changed) co_return daemon.tell_mistake(changed.error(), wanted->options.listen);
    daemon.full_files_ = wanted->full_files;
    daemon.put_in_force(wanted->options, *changed);
    co_return 0;
  }

  struct Wanted {
    Options options;
    std::vector<std::string> full_files;
  };
  // The settings as they are written now, within the system's limits. Error: the mistakes, one line each.
  std::expected<Wanted, std::vector<std::string>> read_options() const {
    const auto settings = SettingsInForce::read(line_);
    if (!settings) return std::unexpected(settings.error().lines);
    // A writer may have just emptied the file.
    for (const std::string& file : settings->empty_files()) {
      if (std::ranges::find(full_files_, file) != full_files_.end())
        return std::unexpected(
            std::vector{printable(file) +
                        ": is empty, and was not so before: write another file and rename it to this one"});
    }
    Options options = settings->options();
    const auto most = settings->connections_that_fit(descriptors_, listeners_.descriptors(options));
    if (!most) return std::unexpected(most.error().lines);
    options.limits.connections.most = *most;
    const auto buffers = settings->buffers_that_fit(memory_);
    if (!buffers) return std::unexpected(buffers.error().lines);
    options.limits.max_buffers = *buffers;
    return Wanted{std::move(options), settings->full_files()};
  }

  void put_in_force(const Options& options, const Listeners::Change& changed) {
    log_->set_level(options.log_level);
    events_.set_probe_level(options.probe_level);
    if (options.log_rate != options_.log_rate) events_.set_rate(options.log_rate);
    const bool has_new_limits = options.limits != options_.limits;
    const bool tells_limits = options.limits.connections.most != options_.limits.connections.most ||
                              options.limits.max_buffers != options_.limits.max_buffers;
    options_ = options;
    if (has_new_limits) server_.set_limits(options_.limits);
    log_->line(LogLevel::info, "reloaded").add("config", options_.config);
    log_change(*log_, changed);
    if (tells_limits) tell_limits();
  }

  std::size_t tell_mistake(const Error& error, const std::vector<ListenOption>& wanted) {
    auto line = log_->line(LogLevel::error, "reload-failed");
    line.add("error", error.text());
    const std::string hint = listen_hint(error, wanted, listeners_.in_use());
    if (!hint.empty()) line.add("hint", hint);
    return 1;
  }

  std::size_t tell_mistakes(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      log_->line(LogLevel::error, "reload-failed").add("error", line);
    }
    return lines.size();
  }

  // ---- Reports

  std::string status_text() const {
    const std::string connections = count_text(server_.open_connections(), "connection");
    if (server_.is_draining()) return "Draining: " + connections + " left";
    const std::string serving = "erving " + listeners_.text() + "; " + connections;
    if (mistakes_ == 0) return "S" + serving;
    return "Reload failed: " + count_text(mistakes_, "mistake") + ", see the log. As before, s" + serving;
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

  // ---- The observer's calls

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
      if (gone) log_listener(*log_, "not-listening", *gone);
    } catch (const std::bad_alloc&) {
      log_->count_dropped();
    }
  }
  void on_drained() override {
    if (signals_) signals_->close();
  }

  // The allocator keeps the memory of a burst of connections. It is returned to the kernel when half of them are gone.
  void give_back_memory() noexcept {
    most_open_ = std::max(most_open_, server_.open_connections());
    if (most_open_ < trim_from || server_.open_connections() > most_open_ / 2) return;
    most_open_ = server_.open_connections();
    ::malloc_trim(0);
  }

  int fail(const Error& error, const std::string& advice) {
    log_->flush();
    // The configuration asks for a socket of a kind that the process may not have: a restart does not help.
    const bool is_configured = error.code() == ErrorCode::invalid || error.system_errno() == EAFNOSUPPORT;
    return complain(error.text(), is_configured ? exit_configuration : 1, advice);
  }

  const CommandLine& line_;
  Options options_;
  // The files with text of the configuration in force.
  std::vector<std::string> full_files_;
  std::size_t descriptors_;
  std::optional<MemoryLimit> memory_;  // measured at the start, because it is meant for the memory used since
  Reactor reactor_;
  Owned<Log> log_;
  EventLog events_;
  std::optional<Signals> signals_;
  Notifier notifier_;
  ServiceStatus status_;
  std::size_t mistakes_ = 0;  // the number in the last reload
  std::size_t most_open_ = 0;
  bool failed_ = false;
  std::optional<Error> start_failure_;
  Counters counters_{reactor_, server_};
  Listeners listeners_;  // refers to the server, and uses it only while it exists
  Stopping stopping_{reactor_, server_, *log_};
  Server server_;  // the last member, because its end is reported to the others
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
  Daemon daemon(line, settings, std::move(options), descriptors, memory, std::move(passed));
  return daemon.run();
}

}  // namespace reactord
