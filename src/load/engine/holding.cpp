#include "load/engine/holding.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "load/engine/source.hpp"

namespace reactord::load {
namespace {

constexpr std::uint64_t opened_at_once = 64;  // below any backlog

}  // namespace

Holding::Holding(Common& common, std::uint64_t first, std::uint64_t count)
    : common_(common),
      first_(first),
      count_(count),
      until_opened_(common.reactor),
      until_end_(common.reactor) {}

Task<> Holding::open() {
  opening_ = std::min(opened_at_once, count_);
  for (std::size_t left = opening_; left > 0; --left) common_.reactor.spawn(open_some());
  if (opening_ == 0) co_return;
  auto opened = co_await until_opened_.done();
}

Task<> Holding::open_some() {
  while (next_ < count_ && !common_.is_ending()) {
    const std::uint64_t number = first_ + next_++;
    const Time begun = monotonic_now();
    DialOptions how = dial_options(common_.options.address, number, common_.options.timeout);
    how.context = &common_.until_drained;
    auto dialled = co_await dial(common_.reactor, common_.options.address, std::move(how));
    if (!dialled) {
      if (dialled.error().is_cancelled()) break;
      common_.recorder.failed(error_name("connect", dialled.error()), dial_failure(dialled.error()));
      continue;
    }
    common_.recorder.connected(monotonic_now() - begun);
    ++common_.recorder.result().connections_opened;
    common_.reactor.spawn(hold(std::move(*dialled), number));
  }
  if (--opening_ == 0) until_opened_.cancel();
}

Task<> Holding::hold(Conn conn, std::uint64_t number) {
  ++common_.running;
  ++common_.open;
  conn.set_context(&until_end_);
  while (true) {
    auto count = co_await conn.read(common_.incoming);
    if (count) continue;  // a greeting, perhaps
    if (!count.error().is_cancelled()) {
      common_.recorder.failed(error_name("hold", count.error()),
                              "idle connection " + std::to_string(number) + ": " + count.error().text());
    }
    break;
  }
  conn.abort();
  --common_.open;
  --common_.running;
}

void Holding::end() noexcept { until_end_.cancel(); }

}  // namespace reactord::load
