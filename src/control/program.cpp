#include "control/program.hpp"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/system_process.hpp"
#include "control/command_input.hpp"
#include "control/control_client.hpp"
#include "control/output.hpp"
#include "control/request.hpp"
#include "control/socket_place.hpp"
#include "control/top.hpp"
#include "reactord/line_splitter.hpp"

namespace reactord::control {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int tell(const Outcome& outcome) {
  if (!outcome.why.empty()) std::fprintf(stderr, "reactordctl: %s\n", outcome.why.c_str());
  return outcome.status;
}

int show(std::string_view text, Output& output) {
  output.write(text);
  output.flush();
  return tell(written(output));
}

Outcome ask(ControlClient& client, std::span<const std::string> words, bool json) {
  auto request = request_of(words, json);
  if (!request) return {exit_usage, std::move(request).error()};
  return client.ask(std::move(*request));
}

// Asks the commands of standard input, to its end or "quit". Empty lines are none.
int ask_all(ControlClient& client, bool json) {
  const bool is_terminal = ::isatty(STDIN_FILENO) == 1;
  CommandInput input(STDIN_FILENO);
  int status = exit_done;
  while (true) {
    // The prompt is on standard error, as that of a shell is: standard output has the answers alone.
    if (is_terminal) std::fputs("reactord> ", stderr);
    const auto line = input.next();
    if (!line) {
      return tell({exit_usage, "standard input: " + line.error().text() + ": write one command a line"});
    }
    if (!*line && is_terminal) std::fputs("\n", stderr);
    const std::string_view command = *line ? trim_space(**line) : "quit";
    if (command == "quit") return status;
    if (command.empty()) continue;
    const std::array<std::string, 1> words{std::string(command)};
    const int ended = tell(ask(client, words, json));
    if (status == exit_done) status = ended;
    const bool may_go_on = is_terminal ? ended != exit_unwritten : ended <= exit_refused;
    if (!may_go_on) return status;
  }
}

}  // namespace

int run_control(const ControlOptions& options) {
  system::hold_standard_descriptors();
  system::block_signal(SIGPIPE);
  Output output(STDOUT_FILENO);
  if (options.help) return show(control_help_text(), output);
  if (options.version) return show(control_version_text(), output);
  const std::string mistake = mistake_of_top(options);
  if (!mistake.empty()) return tell({exit_usage, mistake});
  const auto usual = usual_sockets(variable("XDG_RUNTIME_DIR"));
  auto socket = find_socket(options.socket, variable("REACTORD_CONTROL"), usual);
  if (!socket) return tell({exit_unanswered, std::move(socket).error()});
  Reactor reactor;
  if (asks_for_top(options)) return tell(run_top(reactor, options, std::move(*socket), output));
  ControlClient client(reactor, std::move(*socket), options.timeout, output);
  if (options.words.empty()) return ask_all(client, options.json);
  return tell(ask(client, options.words, options.json));
}

}  // namespace reactord::control
