#include "daemon/inetd.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <optional>
#include <string>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "daemon/complaint.hpp"
#include "daemon/lent_socket.hpp"
#include "daemon/options.hpp"
#include "daemon/program.hpp"
#include "daemon/program_hooks.hpp"
#include "daemon/server_log.hpp"
#include "daemon/stopping.hpp"
#include "net/socket.hpp"
#include "reactord/event.hpp"
#include "reactord/signals.hpp"

namespace reactord {
namespace {

class InetdServer final : ServerLog {
 public:
  InetdServer(const Options& options, const Protocol& protocol)
      : ServerLog(events_, counters_),
        options_(options),
        protocol_(protocol),
        log_(Log::open(reactor_, STDERR_FILENO, options.log_level)),
        events_(reactor_, *log_, options.log_rate),
        server_(reactor_, {.limits = options.limits, .observer = this}) {}

  int run() {
    // First, so that no signal ends the process while the socket has the flags it needs, not the flags it was lent
    // with.
    auto signals = Signals::open(reactor_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1});
    if (!signals) return complain(name(), signals.error().text(), 1);
    auto conn = take_connection();
    if (!conn) return refuse(conn.error());
    signals_.emplace(std::move(*signals));
    events_.set_probe_level(options_.probe_level);
    events_.set_access_log(options_.access_log);
    put_own_in_force(options_);
    reactor_.spawn(live(*this, std::move(*conn)));
    const auto ran = reactor_.run();
    if (refusal_) {
      log_->flush();
      return complain(name(), "can't start: " + *refusal_, 1);
    }
    events_.summarize();
    tell_counters(log_->line(LogLevel::info, "stopped"));
    if (!ran) return complain(name(), ran.error().text(), 1);
    return stopped_ ? 0 : 1;
  }

 private:
  // It uses a descriptor of its own, which is closed with the connection: standard input stays open, to be given back.
  Result<Conn> take_connection() {
    Socket own(system::duplicate(STDIN_FILENO));
    if (own.fd < 0) return std::unexpected(Error::from_errno(-own.fd, "fcntl"));
    auto conn = adopt_conn(reactor_, own.fd);
    if (conn) own.release();
    return conn;
  }

  const std::string& name() const noexcept { return options_.program->name(); }

  int refuse(const Error& error) const {
    const int failure = error.system_errno();
    const bool is_none = error.code() == ErrorCode::invalid || failure == ENOTSOCK || failure == EBADF;
    if (!is_none) return complain(name(), error.text(), 1);
    return complain(
        name(),
        "--inetd " + options_.inetd + ": standard input must be a connected stream socket, as inetd, " +
            "s6-tcpserver or a unit with Accept=yes and StandardInput=socket make it: " + error.text(),
        exit_usage);
  }

  static Task<> live(InetdServer& inetd, Conn conn) {
    inetd.refusal_ = inetd.hooks_.start();
    if (inetd.refusal_) {
      inetd.reactor_.shutdown();
      co_return;
    }
    inetd.reactor_.spawn(obey_signals(inetd, *inetd.signals_));
    inetd.server_.serve(std::move(conn), inetd.protocol_.handler(), inetd.protocol_.name);
    const auto ended = co_await inetd.ended_.wait();
    if (!ended) co_return;  // the loop has failed
    try {
      Task<bool> stopping = inetd.hooks_.stop(inetd.options_.drain_timeout);
      const auto stopped = co_await std::move(stopping);
      inetd.stopped_ = stopped;
    } catch (const std::bad_alloc&) {
      inetd.reactor_.shutdown();
    }
  }

  static Task<> obey_signals(InetdServer& inetd, Signals& signals) {
    while (true) {
      auto number = co_await signals.next();
      if (!number) co_return;
      try {
        inetd.obey(*number);
      } catch (const std::bad_alloc&) {
        inetd.log_->line(LogLevel::error, "signal-failed").add("error", "out of memory");
      }
    }
  }

  void obey(int number) {
    if (number == SIGUSR1) return tell_counters(log_->answer("counters"));
    if (number == SIGHUP) {
      log_->line(LogLevel::warn, "reload-ignored")
          .add("reason", "of inetd, it keeps the settings of its start");
      return;
    }
    stopping_.stop(Stopping::by_signal(number), options_.drain_timeout);
  }

  void tell_counters(Log::Line line) const { counters_.add_to(line); }

  void on_closed(const ConnectionEnd& end) override {
    ServerLog::on_closed(end);
    ended_.set();
  }

  LentSocket lent_{STDIN_FILENO};  // first, because all members that use it are destroyed before it
  const Options& options_;
  const Protocol& protocol_;
  Reactor reactor_;
  WatchHandle<Log> log_;
  EventLog events_;
  std::optional<Signals> signals_;
  Counters counters_{reactor_, server_};
  std::optional<std::string> refusal_;  // why the program's on_start has failed
  bool stopped_ = false;                // true once the end is reached in order
  ProgramHooks hooks_{reactor_, *options_.program, *log_};
  Event ended_{reactor_};  // the connection's end
  Stopping stopping_{reactor_, server_, hooks_, *log_};
  Server server_;
};

// Compares the identity of the files: a duplicate has another number.
bool errors_go_to_client() noexcept {
  struct stat input {
  }, errors{};
  if (::fstat(STDIN_FILENO, &input) != 0 || ::fstat(STDERR_FILENO, &errors) != 0) return false;
  return S_ISSOCK(input.st_mode) && input.st_dev == errors.st_dev && input.st_ino == errors.st_ino;
}

}  // namespace

void keep_errors_from_client() noexcept {
  if (!errors_go_to_client()) return;
  system::close(STDERR_FILENO);
  system::hold_standard_descriptors();
}

int run_inetd(const Options& options, const Protocol& protocol) {
  return InetdServer(options, protocol).run();
}

}  // namespace reactord
