#include "load/result/result.hpp"

#include <algorithm>

namespace reactord::load {

void LoadResult::merge(const LoadResult& part) {
  for (const auto count :
       {&LoadResult::requests, &LoadResult::sent, &LoadResult::unanswered, &LoadResult::in_flight_at_end,
        &LoadResult::warmup_sent, &LoadResult::warmup_answered, &LoadResult::sent_after,
        &LoadResult::answered_after, &LoadResult::bytes_read, &LoadResult::bytes_written,
        &LoadResult::connections_opened, &LoadResult::connections_wanted, &LoadResult::late_sends,
        &LoadResult::late_by_generator, &LoadResult::unsent_by_generator})
    this->*count += part.*count;
  for (const auto histogram : {&LoadResult::response, &LoadResult::service, &LoadResult::connect,
                               &LoadResult::first_byte, &LoadResult::lateness})
    (this->*histogram).merge(part.*histogram);
  for (const auto& [cause, error] : part.errors) {
    LoadError& sum = errors[cause];
    if (sum.count == 0) sum.first_example = error.first_example;
    sum.count += error.count;
  }
  duration = std::max(duration, part.duration);
  longest_turn = std::max(longest_turn, part.longest_turn);
  cpu_share = std::max(cpu_share, part.cpu_share);
  if (!is_bottleneck) bottleneck_reason = part.bottleneck_reason;
  is_bottleneck = is_bottleneck || part.is_bottleneck;
  interrupted = interrupted || part.interrupted;
}

}  // namespace reactord::load
