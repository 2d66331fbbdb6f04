#include "daemon/connection_filter.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/quantity.hpp"
#include "base/suggestion.hpp"

namespace reactord {
namespace {

constexpr std::array<std::string_view, 10> names{"protocol", "peer", "state", "age",      "silent",
                                                 "lines",    "in",   "out",   "buffered", "unsent"};
constexpr std::array<ConnectionState, 5> states{ConnectionState::idle, ConnectionState::in_line,
                                                ConnectionState::sending, ConnectionState::stream,
                                                ConnectionState::closing};

bool is_number(std::string_view word) noexcept {
  return !word.empty() && word.find_first_not_of("0123456789") == word.npos;
}

std::unexpected<UsageError> unknown(std::string_view name) {
  return std::unexpected("unknown filter \"" + std::string(name) + "\": " + suggestion(name, names));
}

// Result: in nanoseconds for a duration.
Parsed<std::uint64_t> value_of(ConnectionMeasure::Kind kind, std::string_view text) {
  if (kind == ConnectionMeasure::Kind::duration) {
    const auto duration = parse_duration(text);
    if (!duration) return std::unexpected(duration.error());
    return static_cast<std::uint64_t>(duration->count());
  }
  if (kind == ConnectionMeasure::Kind::size) {
    const auto size = parse_size(text);
    if (!size) return std::unexpected(size.error());
    return *size;
  }
  const auto count = read_count(text, std::numeric_limits<std::uint64_t>::max());
  if (!count) return std::unexpected(std::string(text) + ": write a number, as in 1000 or 20k");
  return *count;
}

}  // namespace

Parsed<void> ConnectionFilter::add(std::string_view word) {
  if (conditions_.size() == most_words) {
    return std::unexpected("more than " + std::to_string(most_words) + " filters: write fewer");
  }
  auto added = condition(word);
  if (!added) return std::unexpected(std::move(added).error());
  conditions_.push_back(std::move(*added));
  return {};
}

bool ConnectionFilter::matches(const OpenConnection& connection) const noexcept {
  const auto holds = [&](const auto& one) noexcept { return one.matches(connection); };
  return std::ranges::all_of(conditions_, [&](const Condition& one) { return std::visit(holds, one); });
}

bool ConnectionFilter::Comparison::matches(const OpenConnection& connection) const noexcept {
  const std::uint64_t has = measure->of(connection);
  return sign == '>' ? has > value : sign == '<' ? has < value : has == value;
}

Parsed<ConnectionFilter::Condition> ConnectionFilter::condition(std::string_view word) {
  if (is_number(word)) return comparison(*connection_measure("id"), '=', word);
  const bool is_path = word.starts_with("unix:");  // which may hold any sign
  const std::size_t sign = is_path ? word.npos : word.find_first_of("<>=");
  if (sign != word.npos) return named(word.substr(0, sign), word[sign], word.substr(sign + 1));
  if (word.find_first_of(".:") != word.npos) return peer(word);
  return unknown(word);
}

Parsed<ConnectionFilter::Condition> ConnectionFilter::named(std::string_view name, char sign,
                                                            std::string_view value) {
  if (const ConnectionMeasure* const measure = connection_measure(name)) {
    auto compared = comparison(*measure, sign, value);
    if (!compared) return std::unexpected(std::string(name) + sign + compared.error());
    return compared;
  }
  if (std::ranges::find(names, name) == names.end()) return unknown(name);
  if (sign != '=') {
    return std::unexpected(std::string(name) + sign + std::string(value) + ": write " + std::string(name) +
                           '=' + std::string(value) + ", it is no number");
  }
  auto found = name == "peer"    ? peer(value)
               : name == "state" ? state(value)
                                 : Condition(Protocol{std::string(value)});
  if (!found) return std::unexpected(std::string(name) + '=' + found.error());
  return found;
}

Parsed<ConnectionFilter::Condition> ConnectionFilter::peer(std::string_view address) {
  auto pattern = PeerPattern::parse(address);
  if (!pattern) return std::unexpected(std::move(pattern).error());
  return Peer{std::move(*pattern)};
}

Parsed<ConnectionFilter::Condition> ConnectionFilter::state(std::string_view name) {
  std::array<std::string_view, states.size()> known;
  std::ranges::transform(states, known.begin(), [](ConnectionState one) { return to_string(one); });
  const auto* const found = std::ranges::find(known, name);
  if (found != known.end()) return State{states[static_cast<std::size_t>(found - known.begin())]};
  return std::unexpected(std::string(name) + ": unknown state, " + suggestion(name, known));
}

Parsed<ConnectionFilter::Condition> ConnectionFilter::comparison(const ConnectionMeasure& measure, char sign,
                                                                 std::string_view text) {
  const auto value = value_of(measure.kind, text);
  if (!value) return std::unexpected(value.error());
  return Comparison{&measure, sign, *value};
}

}  // namespace reactord
