// The metrics of the daemon, in one text: what it knows at one moment, and the exact totals of lines and bytes, for which it
// walks over the open connections (live_totals.hpp).
//
//     walk, some connections in each turn --> the rest, at once --> text
//
// Nothing in it tells of a peer or a line. The families and their order are those of docs/operations.md.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/metrics_text.hpp"
#include "reactord/context.hpp"
#include "reactord/task.hpp"

namespace reactord {

class ControlHost;

// So many are looked at in a turn of the loop, in about 25 us: then the clients have their turn.
inline constexpr std::size_t metrics_connections_per_turn = 256;

// Suspends during the walk. `host` and `context` must outlive it. Errors: that of `context`, once it is done. Throws bad_alloc.
Task<Result<std::string>> make_metrics(ControlHost& host, Context& context, MetricsFormat format);

}  // namespace reactord
