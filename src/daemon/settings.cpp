#include "daemon/settings.hpp"

#include <algorithm>

namespace reactord {

const Setting* find_setting(std::string_view name) noexcept {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

std::vector<const ValueKind*> explained_values() {
  std::vector<const ValueKind*> found;
  for (const Setting& setting : settings()) {
    if (setting.value == nullptr || setting.value->help.empty()) continue;
    if (std::ranges::find(found, setting.value) == found.end()) found.push_back(setting.value);
  }
  return found;
}

std::vector<Conflict> find_conflicts(const Options& options) {
  const Limits& limits = options.limits;
  const Conflict::Side low{"output-low", limits.output.low, false};
  const Conflict::Side high{"output-high", limits.output.high, false};
  const Conflict::Side hard{"output-hard", limits.output.hard, true};
  const Conflict::Side line{"max-line", limits.max_line, false};
  const Conflict::Side buffers{"max-buffers", limits.max_buffers, true};
  std::vector<Conflict> found;
  for (const auto& [less, more] : {Conflict{low, high}, Conflict{high, hard}, Conflict{line, buffers}}) {
    const bool is_unlimited = more.may_be_none && more.value == 0;
    if (!is_unlimited && less.value > more.value) found.push_back({less, more});
  }
  return found;
}

}  // namespace reactord
