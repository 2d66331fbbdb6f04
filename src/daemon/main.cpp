#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
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
#include "daemon/listeners.hpp"
#include "daemon/options.hpp"
#include "daemon/printable.hpp"
#include "daemon/settings_in_force.hpp"
#include "daemon/wanted_listeners.hpp"

namespace {

using reactord::CommandLine;
using reactord::Mistakes;
using reactord::SettingsInForce;

// A signal that has a handler, unlike an ignored one, gets its default again in a child program.
void no_signal_handler(int) {}

// Called first. SIGHUP and SIGUSR1 are served once the daemon runs, and do not end it before. A write without a reader,
// or beyond the limit on the size of files, fails with an errno.
void prepare_process() {
  for (const int number : {SIGHUP, SIGUSR1}) reactord::system::block_signal(number);
  struct sigaction action {};
  action.sa_handler = no_signal_handler;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGPIPE, SIGXFSZ}) ::sigaction(number, &action, nullptr);
  reactord::system::hold_standard_descriptors();
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

using reactord::complain;

int complain(const Mistakes& mistakes) {
  for (const std::string& line : mistakes.lines) complain(line, mistakes.status);
  return mistakes.status;
}

// Checks everything that needs no socket. Each name that a manager is to pass counts as one socket.
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
  const auto buffers = settings.buffers_that_fit(reactord::find_memory_limit());
  if (!buffers) return complain(buffers.error());
  return settings.options().quiet ? 0 : print(settings.text(*buffers));
}

int serve(const CommandLine& line) {
  const bool passes_sockets = !line.options.check && line.options.inetd.empty();
  auto passed = reactord::PassedSockets::open(
      passes_sockets ? reactord::ListenEnvironment::take() : reactord::ListenEnvironment{}, ::getpid());
  if (!passed) return complain(passed.error().text(), 1);
  const auto settings = SettingsInForce::read(line);
  if (!settings) return complain(settings.error());
  if (line.options.check) return check(*settings);
  if (!line.options.inetd.empty()) {
    return reactord::run_inetd(settings->options(), *reactord::find_protocol(line.options.inetd));
  }
  return reactord::run_daemon(line, *settings, std::move(*passed));
}

int run(int argc, char** argv) {
  prepare_process();
  if (is_meant_for_inetd({argv, static_cast<std::size_t>(argc)})) reactord::keep_errors_from_client();
  const auto line = reactord::parse_command_line(argc, argv);
  if (!line) return complain(line.error(), reactord::exit_usage);
  if (line->options.help) return print(reactord::help_text());
  if (line->options.version) return print(reactord::version_text());
  return serve(*line);
}

// It allocates nothing.
int complain_of_memory() noexcept {
  constexpr std::string_view text =
      "reactord: memory has run out: raise the limit (ulimit -v, MemoryMax= of a unit), or lower max-buffers "
      "and "
      "max-connections\n";
  reactord::system::write(STDERR_FILENO, text.data(), text.size());
  return 1;
}

// The C++ library also ends a program that has no memory for an exception.
bool is_without_memory() noexcept {
  constexpr std::size_t little = 64 * 1024;
  void* const storage = std::malloc(little);
  std::free(storage);
  return storage == nullptr;
}

// Called for an exception that can't propagate: out of a destructor or of a noexcept function.
[[noreturn]] void terminated() noexcept {
  try {
    if (const auto exception = std::current_exception()) std::rethrow_exception(exception);
    if (is_without_memory()) ::_exit(complain_of_memory());
  } catch (const std::bad_alloc&) {
    ::_exit(complain_of_memory());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reactord: %s\n", error.what());
  } catch (...) {
  }
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(terminated);
  const reactord::Time born = reactord::monotonic_now();
  const bool is_passed_sockets = reactord::sockets_are_passed();
  int status = 0;
  try {
    status = run(argc, argv);
  } catch (const std::bad_alloc&) {
    status = complain_of_memory();
  }
  if (status != 0 && is_passed_sockets) reactord::wait_out_failed_start(born);
  return status;
}
