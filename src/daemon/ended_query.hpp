// EndedQuery: the words by which an operator selects connections that have ended. One is selected when each word holds.
//
//     7               the connection with that number
//     192.0.2.1       the same as peer=192.0.2.1
//     peer=ADDRESS    an address, a network, an address with its port, or unix:PATH: see peer_pattern.hpp
//     protocol=NAME
//     cause=CAUSE     as in the log: eof, slow-reader
//     failures        somebody was not served in full, as access-log = errors has it
//     limit=N         the last N of them
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "daemon/ended_connections.hpp"
#include "daemon/peer_pattern.hpp"
#include "reactord/setting.hpp"

namespace reactord {

struct EndedQuery {
  std::optional<std::uint64_t> number;
  std::optional<PeerPattern> peer;
  std::optional<std::string> protocol;
  std::optional<EndCause> cause;
  bool failures = false;
  std::size_t limit = EndedConnections::most;

  // Error: the wrong word, and what would be right.
  static Parsed<EndedQuery> parse(std::span<const std::string> words);

  bool matches(const EndedConnections::End& end) const noexcept;

 private:
  Parsed<void> add(std::string_view word);
};

}  // namespace reactord
