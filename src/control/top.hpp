// Top: what `reactordctl top` does: a screen where standard output is a terminal that can be one, lines elsewhere.
//
//     terminal, TERM is not dumb, no --json     TopDisplay    daemon away: it says so, and tries again
//     else                                      top_lines     daemon away: it ends
#pragma once

#include <string>

#include "control/control_client.hpp"
#include "control/options.hpp"
#include "control/output.hpp"
#include "reactord/reactor.hpp"

namespace reactord::control {

// Whether the words ask for it.
bool asks_for_top(const ControlOptions& options);

// The mistake in the options; empty: there is none. The options of top are its alone.
std::string mistake_of_top(const ControlOptions& options);

// `socket` is a path, or @name; the words are top and a filter. Turns the Reactor until it ends.
Outcome run_top(Reactor& reactor, const ControlOptions& options, std::string socket, Output& output);

}  // namespace reactord::control
