#include "daemon/ended_query.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "base/suggestion.hpp"

namespace reactord {
namespace {

constexpr std::string_view peer_key = "peer=", protocol_key = "protocol=", cause_key = "cause=",
                           limit_key = "limit=";
constexpr std::array<std::string_view, 5> known{"failures", "peer=", "protocol=", "cause=", "limit="};

Parsed<EndCause> cause_of(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::size_t index = 0; index < end_causes; ++index) {
    names.emplace_back(to_string(static_cast<EndCause>(index)));
    if (names.back() == text) return static_cast<EndCause>(index);
  }
  return std::unexpected("cause=" + std::string(text) + ": no cause of an end, " + suggestion(text, names));
}

bool is_number(std::string_view word) noexcept {
  return !word.empty() &&
         std::ranges::all_of(word, [](char letter) { return '0' <= letter && letter <= '9'; });
}

}  // namespace

Parsed<EndedQuery> EndedQuery::parse(std::span<const std::string> words) {
  EndedQuery query;
  for (const std::string_view word : words) {
    if (auto added = query.add(word); !added) return std::unexpected(std::move(added).error());
  }
  return query;
}

// A word that is no key and no number is a peer: PeerPattern says what is wrong with it.
Parsed<void> EndedQuery::add(std::string_view word) {
  if (word == "failures") {
    failures = true;
  } else if (word.starts_with(protocol_key)) {
    protocol = word.substr(protocol_key.size());
  } else if (word.starts_with(cause_key)) {
    auto parsed = cause_of(word.substr(cause_key.size()));
    if (!parsed) return std::unexpected(std::move(parsed).error());
    cause = *parsed;
  } else if (word.starts_with(limit_key)) {
    const auto parsed = read_count(word.substr(limit_key.size()), EndedConnections::most);
    if (!parsed || *parsed == 0) {
      return std::unexpected(std::string(word) + ": write a number from 1 to " +
                             std::to_string(EndedConnections::most));
    }
    limit = *parsed;
  } else if (is_number(word)) {
    const auto parsed = read_count(word, std::numeric_limits<std::uint64_t>::max());
    if (!parsed) return std::unexpected(std::string(word) + ": no connection has such a number");
    number = *parsed;
  } else {
    auto pattern = PeerPattern::parse(word.starts_with(peer_key) ? word.substr(peer_key.size()) : word);
    if (!pattern) {
      const std::size_t equals = word.find('=');
      const std::string hint = suggestion(word.substr(0, equals == word.npos ? equals : equals + 1), known);
      if (!hint.ends_with('?')) return std::unexpected(std::move(pattern).error());
      return std::unexpected("unknown word \"" + std::string(word) + "\": " + hint);
    }
    peer = std::move(*pattern);
  }
  return {};
}

bool EndedQuery::matches(const EndedConnections::End& end) const noexcept {
  return (!number || *number == end.number) && (!protocol || *protocol == end.protocol) &&
         (!cause || *cause == end.cause) && (!failures || end.is_failure) &&
         (!peer || peer->matches(end.remote));
}

}  // namespace reactord
