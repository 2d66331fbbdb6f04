#include "load/engine/idle_connections.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "load/engine/source.hpp"

namespace reactord::load {
namespace {

constexpr std::uint64_t opened_at_once = 64;  // below any backlog

}  // namespace

IdleConnections::IdleConnections(EngineState& state, std::uint64_t first, std::uint64_t count)
    : state_(state), first_(first), count_(count), until_opened_(state.reactor), until_end_(state.reactor) {}

Task<> IdleConnections::open() {
  opening_ = std::min(opened_at_once, count_);
  for (std::size_t left = opening_; left > 0; --left) state_.reactor.spawn(open_some());
  if (opening_ == 0) co_return;
  auto opened = co_await until_opened_.done();
}

Task<> IdleConnections::open_some() {
  while (next_ < count_ && !state_.is_ending()) {
    const std::uint64_t number = first_ + next_++;
    const Time begun = monotonic_now();
    DialOptions how = dial_options(state_.options.address, number, state_.options.timeout);
    how.context = &state_.until_drained;
    auto dialled = co_await dial(state_.reactor, state_.options.address, std::move(how));
    if (!dialled) {
      if (dialled.error().is_cancelled()) break;
      state_.recorder.failed(error_name("connect", dialled.error()), dial_failure(dialled.error()));
      continue;
    }
    state_.recorder.connected(monotonic_now() - begun);
    ++state_.recorder.result().connections_opened;
    state_.reactor.spawn(hold(std::move(*dialled), number));
  }
  if (--opening_ == 0) until_opened_.cancel();
}

Task<> IdleConnections::hold(Conn conn, std::uint64_t number) {
  ++state_.running;
  ++state_.open;
  conn.set_context(&until_end_);
  while (true) {
    auto count = co_await conn.read(state_.incoming);
    if (count) continue;  // perhaps a greeting
    if (!count.error().is_cancelled()) {
      state_.recorder.failed(error_name("hold", count.error()),
                             "idle connection " + std::to_string(number) + ": " + count.error().text());
    }
    break;
  }
  conn.abort();
  --state_.open;
  --state_.running;
}

void IdleConnections::end() noexcept { until_end_.cancel(); }

}  // namespace reactord::load
