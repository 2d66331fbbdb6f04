#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "base/system.hpp"
#include "daemon/daemon.hpp"
#include "daemon/inetd.hpp"
#include "daemon/listeners.hpp"
#include "daemon/options.hpp"
#include "daemon/settings_in_force.hpp"

namespace {

using reactord::CommandLine;
using reactord::Mistakes;
using reactord::SettingsInForce;

// A signal that has a handler, unlike one that is ignored, is back to its default in a program we start.
void no_signal_handler(int) {}

void prepare_process() {
  struct sigaction action {};
  action.sa_handler = no_signal_handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGPIPE, &action, nullptr);
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

int complain(const Mistakes& mistakes) {
  for (const std::string& line : mistakes.lines) std::fprintf(stderr, "reactord: %s\n", line.c_str());
  return mistakes.status;
}

int complain(const std::string& text, int status) { return complain({.lines = {text}, .status = status}); }

// Everything that can be looked at without a socket. Of each name that a manager is to pass, it counts one socket.
int check(const SettingsInForce& settings) {
  const long limit = reactord::system::raise_descriptor_limit();
  const auto wanted = reactord::wanted_listeners(settings.options(), {});
  std::vector<std::string> passed;
  for (const reactord::ListenOption& option : wanted) {
    if (option.is_passed()) passed.emplace_back(option.passed_name());
  }
  const std::size_t listeners = reactord::listening_descriptors(wanted, {}, passed);
  if (limit > 0) {
    const auto most = settings.connections_that_fit(static_cast<std::size_t>(limit), listeners);
    if (!most) return complain(most.error());
  }
  return print(settings.text());
}

int serve(const CommandLine& line) {
  const bool passes_sockets = !line.options.check && line.options.inetd.empty();
  auto passed = reactord::PassedSockets::open(
      passes_sockets ? reactord::ListenEnvironment::take() : reactord::ListenEnvironment{}, ::getpid());
  if (!passed) return complain(passed.error().text(), 1);
  const auto settings = SettingsInForce::read(line);
  if (!settings && !line.options.inetd.empty() && reactord::errors_go_to_client())
    return settings.error().status;
  if (!settings) return complain(settings.error());
  if (line.options.check) return check(*settings);
  prepare_process();
  if (!line.options.inetd.empty()) return reactord::run_inetd(settings->options());
  return reactord::run_daemon(line, *settings, std::move(*passed));
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = reactord::parse_command_line(argc, argv);
  if (!line) return complain(line.error(), reactord::exit_usage);
  if (line->options.help) return print(reactord::help_text());
  if (line->options.version) return print(reactord::version_text());
  return serve(*line);
}
