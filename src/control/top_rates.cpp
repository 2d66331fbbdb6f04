#include "control/top_rates.hpp"

#include <algorithm>
#include <unordered_map>

namespace reactord::control {
namespace {

double seconds_of(Duration time) { return std::chrono::duration<double>(time).count(); }

bool went_back(const Count& before, const Count& after) { return before && after && *after < *before; }

bool went_back(const std::optional<double>& before, const std::optional<double>& after) {
  return before && after && *after < *before;
}

// The growth of a counter that both samples tell.
std::optional<double> difference(const Count& before, const Count& after) {
  if (!before || !after || *after < *before) return std::nullopt;
  return static_cast<double>(*after - *before);
}

std::optional<double> difference(const std::optional<double>& before, const std::optional<double>& after) {
  if (!before || !after || *after < *before) return std::nullopt;
  return *after - *before;
}

// The sample that the daemon would have told when it started.
TopSample at_start(const TopSample& after) {
  const auto zero = [](const Count& count) { return count ? Count(0) : Count(); };
  const auto none = [](const std::optional<double>& sum) { return sum ? std::optional(0.0) : std::nullopt; };
  TopSample start;
  start.at = after.at + -after.uptime.value_or(0s);
  start.accepted = zero(after.accepted);
  start.ended_lines = zero(after.ended_lines);
  start.ended_in = zero(after.ended_in);
  start.ended_out = zero(after.ended_out);
  start.lines = none(after.lines);
  start.in = none(after.in);
  start.out = none(after.out);
  start.stalls = none(after.stalls);
  start.ended = after.ended;
  for (EndCount& one : start.ended) one.count = 0;
  start.turns = after.turns;
  start.handlers = after.handlers;
  for (HistogramBucket& bucket : start.turns) bucket.count = 0;
  for (HistogramBucket& bucket : start.handlers) bucket.count = 0;
  return start;
}

TopRates::Times times_between(const Histogram& before, const Histogram& after) {
  const auto counted = counted_between(before, after);
  if (!counted) return {};
  return {quantile_of(*counted, 0.5), quantile_of(*counted, 0.99)};
}

class Difference {
 public:
  Difference(const TopSample& before, const TopSample& after) : before_(before), after_(after) {}

  TopRates rates() {
    rates_.elapsed = std::max(after_.at - before_.at, Duration(0));
    rates_.turns = times_between(before_.turns, after_.turns);
    rates_.handlers = times_between(before_.handlers, after_.handlers);
    rates_.stalls = difference(before_.stalls, after_.stalls);
    if (rates_.elapsed == Duration(0)) return std::move(rates_);
    rates_.accepted = per_second(difference(before_.accepted, after_.accepted));
    add_causes();
    add_traffic();
    add_connections();
    return std::move(rates_);
  }

 private:
  Rate per_second(const std::optional<double>& count) const {
    if (!count) return std::nullopt;
    return *count / seconds_of(rates_.elapsed);
  }

  void add_causes() {
    for (const EndCount& one : after_.ended) {
      const auto was = std::ranges::find(before_.ended, one.cause, &EndCount::cause);
      if (was == before_.ended.end()) continue;
      const Rate rate = per_second(difference(Count(was->count), Count(one.count)));
      if (!rate) continue;
      rates_.ended = rates_.ended.value_or(0) + *rate;
      if (*rate > 0) rates_.causes.push_back({one.cause, *rate});
    }
    std::ranges::sort(rates_.causes, [](const TopRates::Cause& left, const TopRates::Cause& right) {
      return left.per_second != right.per_second ? left.per_second > right.per_second
                                                 : left.name < right.name;
    });
  }

  void add_traffic() {
    rates_.is_of_ended = !after_.lines;
    if (rates_.is_of_ended) {
      rates_.lines = per_second(difference(before_.ended_lines, after_.ended_lines));
      rates_.in = per_second(difference(before_.ended_in, after_.ended_in));
      rates_.out = per_second(difference(before_.ended_out, after_.ended_out));
    } else {
      rates_.lines = per_second(difference(before_.lines, after_.lines));
      rates_.in = per_second(difference(before_.in, after_.in));
      rates_.out = per_second(difference(before_.out, after_.out));
    }
  }

  // One that began meanwhile has its rates since it began.
  void add_connections() {
    static const TopConnection nothing;
    std::unordered_map<std::uint64_t, const TopConnection*> known;
    for (const TopConnection& one : before_.connections) known.emplace(one.id, &one);
    for (const TopConnection& one : after_.connections) {
      const auto found = known.find(one.id);
      const bool is_new = found == known.end();
      const Duration time = is_new ? one.age : rates_.elapsed;
      if (time > rates_.elapsed || time <= Duration(0)) continue;
      const TopConnection& was = is_new ? nothing : *found->second;
      const auto rate = [&](std::uint64_t from, std::uint64_t to) {
        return to < from ? 0 : static_cast<double>(to - from) / seconds_of(time);
      };
      rates_.connections.push_back(
          {one.id, rate(was.lines, one.lines), rate(was.in, one.in), rate(was.out, one.out)});
    }
  }

  const TopSample& before_;
  const TopSample& after_;
  TopRates rates_;
};

}  // namespace

bool has_restarted(const TopSample& before, const TopSample& after) {
  const bool is_younger = before.uptime && after.uptime && *after.uptime < *before.uptime;
  const bool is_other = before.pid && after.pid && *before.pid != *after.pid;
  return is_younger || is_other || went_back(before.accepted, after.accepted) ||
         went_back(before.lines, after.lines) || went_back(before.in, after.in) ||
         went_back(before.out, after.out);
}

TopRates rates_between(const TopSample* before, const TopSample& after) {
  if (before != nullptr && !has_restarted(*before, after)) return Difference(*before, after).rates();
  const TopSample start = at_start(after);
  TopRates rates = Difference(start, after).rates();
  rates.is_since_start = true;
  return rates;
}

}  // namespace reactord::control
