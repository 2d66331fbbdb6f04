#include "control/known_commands.hpp"

#include <array>

namespace reactord::control {
namespace {

constexpr auto commands = std::to_array<KnownCommand>({
    {"help", "", "the commands"},
    {"stats", "", "the counters"},
    {"connections", "[FILTER...] [sort=COLUMN] [limit=N]", "who is connected"},
    {"connection", "ID", "one of them, in full"},
    {"kill", "ID|ADDRESS|FILTER", "end connections"},
    {"drain", "", "answer what was received, then exit"},
    {"reload", "", "read the configuration again"},
    {"log-level", "[LEVEL]", "show or set what is logged"},
    {"limits", "[NAME [VALUE]]", "show or set limits"},
    {"listeners", "", "where it listens"},
    {"programs", "", "the programs that it runs"},
    {"slow", "", "the last calls that have held up everybody"},
    {"metrics", "[openmetrics]", "the metrics, as Prometheus reads them"},
    {"quit", "", "end the session"},
});

}  // namespace

std::span<const KnownCommand> known_commands() noexcept { return commands; }

}  // namespace reactord::control
