#include "daemon/settings.hpp"

#include <utility>

#include "daemon/program.hpp"

namespace reactord {

Options::Options(const Program& of) : program(&of), own(of.standards()) {}

Parsed<void> Setting::apply(std::string_view text, Options& options) const {
  if (own == nullptr) return set(text, options);
  auto parsed = own->parse(text);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  options.own[own_index] = std::move(*parsed);
  return {};
}

void put_own_in_force(const Options& options) {
  for (const DaemonSetting::PutInForce& put : options.own) put();
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
