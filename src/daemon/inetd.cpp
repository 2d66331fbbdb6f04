#include "daemon/inetd.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <variant>

#include "daemon/event_log.hpp"
#include "daemon/options.hpp"
#include "protocols/table.hpp"
#include "reactord/signals.hpp"

namespace reactord {
namespace {

int complain(const std::string& text, int status) {
  if (!errors_go_to_client()) std::fprintf(stderr, "reactord: %s\n", text.c_str());
  return status;
}

class InetdServer final : ServerObserver {
 public:
  explicit InetdServer(const Options& options)
      : options_(options),
        log_(Log::open(reactor_, errors_go_to_client() ? -1 : STDERR_FILENO, options.log_level)),
        events_(reactor_, *log_, options.log_rate),
        server_(reactor_, {.limits = options.limits, .observer = this}) {}

  int run() {
    auto conn = adopt_conn(reactor_, STDIN_FILENO);
    if (!conn) {
      return complain("--inetd " + options_.inetd +
                          ": standard input must be a connected stream socket, as inetd, " +
                          "s6-tcpserver or a unit with Accept=yes and StandardInput=socket make it: " +
                          conn.error().text(),
                      exit_usage);
    }
    auto signals = Signals::open(reactor_, {SIGTERM, SIGINT});
    if (!signals) return complain(signals.error().text(), 1);
    signals_.emplace(std::move(*signals));
    reactor_.spawn(obey_signals(*this, *signals_));
    const Protocol& protocol = *find_protocol(options_.inetd);
    std::visit([&](auto* handler) { server_.serve(std::move(*conn), *handler, protocol.name); },
               protocol.handler());
    const auto ran = reactor_.run();
    return ran ? 0 : complain(ran.error().text(), 1);
  }

 private:
  static Task<> obey_signals(InetdServer& inetd, Signals& signals) {
    while (true) {
      auto number = co_await signals.next();
      if (!number) co_return;
      if (inetd.server_.is_draining()) {
        inetd.server_.kill();
      } else {
        inetd.server_.drain(inetd.options_.drain_timeout);
      }
    }
  }

  void on_closed(const ConnectionEnd& end) override {
    events_.closed(end);
    if (signals_) signals_->close();
  }
  void on_limit(const LimitReached& limit) override { events_.limit_reached(limit); }
  void on_stall(const HandlerStall& stall) override { events_.stalled(stall); }
  void on_wait_failed(const Error& error) override { events_.wait_failed(error); }

  const Options& options_;
  Reactor reactor_;
  Owned<Log> log_;
  EventLog events_;
  std::optional<Signals> signals_;
  Server server_;
};

}  // namespace

bool errors_go_to_client() {
  struct stat input {
  }, errors{};
  if (::fstat(STDIN_FILENO, &input) != 0 || ::fstat(STDERR_FILENO, &errors) != 0) return false;
  return S_ISSOCK(input.st_mode) && input.st_dev == errors.st_dev && input.st_ino == errors.st_ino;
}

int run_inetd(const Options& options) { return InetdServer(options).run(); }

}  // namespace reactord
