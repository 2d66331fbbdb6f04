#include "control/known_commands.hpp"

#include <algorithm>
#include <array>

namespace reactord::control {
namespace {

constexpr auto commands = std::to_array<KnownCommand>({
    {"help", "", "the commands"},
    {"stats", "", "the counters"},
    {"connections", "[FILTER...] [sort=[-]COLUMN] [limit=N]", "who is connected"},
    {"connection", "ID", "one of them, in full"},
    {"kill", "ID|ADDRESS|FILTER", "end connections"},
    {"drain", "", "answer what was received, then exit"},
    {"reload", "", "read the configuration again"},
    {"log-level", "[LEVEL]", "show or set what is logged"},
    {"limits", "[NAME [VALUE]]", "show or set limits"},
    {"listeners", "", "where it listens"},
    {"programs", "", "the programs that it runs"},
    {"slow", "", "the last calls that have held up everybody"},
    {"ended", "[ID] [FILTER...] [limit=N]", "the last connections that have ended, and why"},
    {"top", "[FILTER...]", "a live screen of all this; on a pipe, a line each interval"},
    {"metrics", "[openmetrics]", "the metrics, as Prometheus reads them"},
    {"events", "[LEVEL]", "the lines of the log, as they are made", true},
    {"trace", "ID [LIMIT]", "what a connection says and hears", true},
    {"quit", "", "end the session"},
});

}  // namespace

std::span<const KnownCommand> known_commands() noexcept { return commands; }

bool goes_on(std::string_view request) noexcept {
  constexpr std::string_view spaces = " \t\n";
  constexpr std::string_view json = "--json";
  std::string_view word;
  do {
    request.remove_prefix(std::min(request.find_first_not_of(spaces), request.size()));
    word = request.substr(0, request.find_first_of(spaces));
    request.remove_prefix(word.size());
  } while (word == json);
  const auto found = std::ranges::find(commands, word, &KnownCommand::name);
  return found != commands.end() && found->goes_on;
}

}  // namespace reactord::control
