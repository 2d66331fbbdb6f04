#include "load/options/equivalents.hpp"

#include <algorithm>
#include <array>

namespace reactord::load {
namespace {

struct Pair {
  std::string_view theirs, ours;
};
// The options of wrk, ab, hey, vegeta, k6, siege, redis-benchmark and memtier_benchmark.
constexpr std::array pairs{Pair{"threads", "processes"},
                           Pair{"workers", "processes"},
                           Pair{"cpus", "processes"},
                           Pair{"concurrency", "connections"},
                           Pair{"concurrent", "connections"},
                           Pair{"clients", "connections"},
                           Pair{"connection", "connections"},
                           Pair{"users", "connections"},
                           Pair{"vus", "connections"},
                           Pair{"requests", "duration"},
                           Pair{"number", "duration"},
                           Pair{"iterations", "duration"},
                           Pair{"time", "duration"},
                           Pair{"timelimit", "duration"},
                           Pair{"test-time", "duration"},
                           Pair{"qps", "rate"},
                           Pair{"rps", "rate"},
                           Pair{"throughput", "rate"},
                           Pair{"pipeline", "depth"},
                           Pair{"csv", "json"},
                           Pair{"output", "json"},
                           Pair{"out", "json"},
                           Pair{"json-out-file", "json"},
                           Pair{"body", "send"},
                           Pair{"data", "send"},
                           Pair{"message", "send"},
                           Pair{"threshold", "fail-if"},
                           Pair{"thresholds", "fail-if"},
                           Pair{"warm-up", "warmup"},
                           Pair{"histogram", "latency"},
                           Pair{"disable-keepalive", "connection-per-request"},
                           Pair{"reconnect", "connection-per-request"}};

}  // namespace

std::string_view equivalent_option(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(pairs, name, &Pair::theirs);
  return found == pairs.end() ? std::string_view() : found->ours;
}

}  // namespace reactord::load
