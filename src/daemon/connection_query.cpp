#include "daemon/connection_query.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "base/suggestion.hpp"

namespace reactord {
namespace {

constexpr std::uint64_t most_limit = 1'000'000'000;

Parsed<const ConnectionMeasure*> sort_of(std::string_view name) {
  if (const ConnectionMeasure* const measure = connection_measure(name)) return measure;
  std::vector<std::string_view> names;
  for (const ConnectionMeasure& one : connection_measures()) names.push_back(one.name);
  return std::unexpected("sort=" + std::string(name) + ": no column of numbers, " + suggestion(name, names));
}

Parsed<std::size_t> limit_of(std::string_view text) {
  const auto limit = read_count(text, most_limit);
  if (limit && *limit > 0) return *limit;
  return std::unexpected("limit=" + std::string(text) + ": write a number from 1 to " +
                         std::to_string(most_limit));
}

// Empty: no key of a query is a typing mistake away.
std::optional<UsageError> meant_key(std::string_view word) {
  static constexpr std::array<std::string_view, 2> keys{"sort", "limit"};
  const std::string_view key = word.substr(0, word.find('='));
  const std::string hint = suggestion(key, keys);
  if (!hint.ends_with('?')) return std::nullopt;
  return "unknown word \"" + std::string(key) + "\": " + hint;
}

}  // namespace

Parsed<ConnectionQuery> ConnectionQuery::parse(std::span<const std::string> words) {
  constexpr std::string_view sort_key = "sort=", limit_key = "limit=";
  ConnectionQuery query;
  for (const std::string_view word : words) {
    if (word.starts_with(sort_key)) {
      std::string_view name = word.substr(sort_key.size());
      query.is_least_first = name.starts_with('-');
      if (query.is_least_first) name.remove_prefix(1);
      const auto sort = sort_of(name);
      if (!sort) return std::unexpected(sort.error());
      query.sort = *sort;
    } else if (word.starts_with(limit_key)) {
      const auto limit = limit_of(word.substr(limit_key.size()));
      if (!limit) return std::unexpected(limit.error());
      query.limit = *limit;
    } else if (auto added = query.filter.add(word); !added) {
      return std::unexpected(meant_key(word).value_or(std::move(added).error()));
    }
  }
  return query;
}

}  // namespace reactord
