#include "daemon/listener_plan.hpp"

#include <string>
#include <unordered_map>

namespace reactord {
namespace {

// The options wanted at one place. Only a place chosen by the kernel has more than one, and each is for one listener.
struct Wanted {
  std::vector<const ListenOption*> options;
  std::size_t taken = 0;
};

}  // namespace

ListenerPlan ListenerPlan::make(std::span<const ListenOption> wanted, std::span<const There> there) {
  ListenerPlan plan;
  std::unordered_map<std::string, Wanted> places;
  for (const ListenOption& option : wanted) places[place_name(option).text].options.push_back(&option);
  for (const There& one : there) {
    const bool is_passed = one.option->is_passed();
    const auto found = places.find(place_name(*one.option).text);
    const bool is_wanted = found != places.end() && found->second.taken < found->second.options.size();
    if (!is_wanted || (!is_passed && !one.is_reachable)) {
      plan.ending.push_back(one.id);
      continue;
    }
    plan.kept.push_back({one.id, found->second.options[found->second.taken]});
    if (!is_passed) ++found->second.taken;
  }
  for (const ListenOption& option : wanted) {
    Wanted& place = places[place_name(option).text];
    if (!option.is_passed() && place.taken > 0) {
      --place.taken;
    } else {
      plan.fresh.push_back(&option);
    }
  }
  return plan;
}

}  // namespace reactord
