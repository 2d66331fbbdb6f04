#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "base/system.hpp"
#include "base/system_process.hpp"
#include "daemon/complaint.hpp"
#include "daemon/daemon.hpp"
#include "daemon/failed_start.hpp"
#include "daemon/inetd.hpp"
#include "daemon/last_words.hpp"
#include "daemon/listeners.hpp"
#include "daemon/options.hpp"
#include "daemon/printable.hpp"
#include "daemon/program.hpp"
#include "daemon/settings_in_force.hpp"
#include "daemon/wanted_listeners.hpp"
#include "reactord/daemon.hpp"

namespace reactord {
namespace {

// A signal that has a handler, unlike an ignored one, gets its default again in a child program.
void no_signal_handler(int) {}

// Called first. SIGHUP and SIGUSR1 are served once the daemon runs, and do not end it before. A write without a reader,
// or beyond the limit on the size of files, fails with an errno.
void prepare_process() {
  for (const int number : {SIGHUP, SIGUSR1}) system::block_signal(number);
  struct sigaction action {};
  action.sa_handler = no_signal_handler;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGPIPE, SIGXFSZ}) ::sigaction(number, &action, nullptr);
  system::hold_standard_descriptors();
}

// Under --inetd standard error may be the client, also when a typing mistake is reported. For a daemon it is the log,
// even when it is the same socket as standard input.
bool is_meant_for_inetd(std::span<char*> arguments) {
  return std::ranges::any_of(arguments, [](const char* argument) {
    const std::string_view word = argument;
    return word.starts_with("--in") && !word.starts_with("--ins");
  });
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

int complain_of(std::string_view name, const Mistakes& mistakes) {
  for (const std::string& line : mistakes.lines) complain(name, line, mistakes.status);
  return mistakes.status;
}

// Checks everything that needs no socket. Each name that a manager is to pass counts as one socket.
int check(const SettingsInForce& settings) {
  const std::string& name = settings.options().program->name();
  const long limit = system::raise_descriptor_limit();
  const auto wanted = wanted_listeners(settings.options(), {});
  std::vector<std::string> passed;
  for (const ListenOption& option : wanted) {
    if (option.is_passed()) passed.emplace_back(option.passed_name());
  }
  const std::size_t listeners = listening_descriptors(wanted, {}, passed);
  if (limit > 0) {
    const auto most = settings.connections_that_fit(static_cast<std::size_t>(limit), listeners);
    if (!most) return complain_of(name, most.error());
  }
  const auto buffers = settings.buffers_that_fit(find_memory_limit());
  if (!buffers) return complain_of(name, buffers.error());
  return settings.options().quiet ? 0 : print(settings.text(*buffers));
}

int serve(const Program& program, const CommandLine& line) {
  const bool passes_sockets = !line.options.check && line.options.inetd.empty();
  auto passed =
      PassedSockets::open(passes_sockets ? ListenEnvironment::take() : ListenEnvironment{}, ::getpid());
  if (!passed) return complain(program.name(), passed.error().text(), 1);
  const auto settings = SettingsInForce::read(line);
  if (!settings) return complain_of(program.name(), settings.error());
  if (line.options.check) return check(*settings);
  if (!line.options.inetd.empty()) {
    return run_inetd(settings->options(), *program.find_protocol(line.options.inetd));
  }
  return serve_as_daemon(line, *settings, std::move(*passed));
}

int run(const Program& program, int argc, char** argv) {
  prepare_process();
  if (is_meant_for_inetd({argv, static_cast<std::size_t>(argc)})) keep_errors_from_client();
  if (const std::string mistake = program.mistake(); !mistake.empty()) {
    return complain(program.name(), "run_daemon: " + mistake, 1);
  }
  const auto line = parse_command_line(program, argc, argv);
  if (!line) return complain(program.name(), line.error(), exit_usage);
  if (line->options.help) return print(help_text(program));
  if (line->options.version) return print(version_text(program));
  return serve(program, *line);
}

// `describe` is called when LastWords can say that there is no memory for what it returns.
template <typename Describe>
int run_described(int argc, char** argv, Describe describe) {
  LastWords last_words;
  const Time born = monotonic_now();
  const bool is_passed_sockets = sockets_are_passed();
  int status = 0;
  try {
    const Program program(describe());
    last_words.set_name(program.name());
    status = run(program, argc, argv);
  } catch (const std::bad_alloc&) {
    status = last_words.complain_of_memory();
  }
  if (status != 0 && is_passed_sockets) wait_out_failed_start(born);
  return status;
}

}  // namespace

int run_daemon(int argc, char** argv, DaemonProgram program) {
  return run_described(argc, argv, [&program] { return std::move(program); });
}

int run_daemon(int argc, char** argv, DaemonProgram (*describe)()) {
  return run_described(argc, argv, describe);
}

}  // namespace reactord
