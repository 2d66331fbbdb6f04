// ConnectionFilter: the words by which an operator selects connections. One is selected when each word holds.
//
//     7                     the connection with that number
//     192.0.2.1             the same as peer=192.0.2.1
//     protocol=NAME
//     peer=ADDRESS          an address, a network, an address with its port, or unix:PATH: see peer_pattern.hpp
//     state=STATE           idle, in-line, sending, stream, closing
//     age>1h silent>90s     durations, with > < or =
//     lines>20k id<1000     numbers
//     in>1MiB unsent>0      sizes: in, out, buffered, unsent
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/connection_measure.hpp"
#include "daemon/peer_pattern.hpp"
#include "reactord/connection_walk.hpp"
#include "reactord/setting.hpp"

namespace reactord {

class ConnectionFilter {
 public:
  static constexpr std::size_t most_words = 32;  // each is asked of each connection

  // Adds what `word` demands. Error: what is wrong with it, and what would be right.
  Parsed<void> add(std::string_view word);

  bool is_empty() const noexcept { return conditions_.empty(); }  // every connection matches then
  bool matches(const OpenConnection& connection) const noexcept;

 private:
  struct Protocol {
    std::string name;
    bool matches(const OpenConnection& connection) const noexcept { return connection.protocol == name; }
  };
  struct Peer {
    PeerPattern pattern;
    bool matches(const OpenConnection& connection) const noexcept {
      return pattern.matches(connection.remote);
    }
  };
  struct State {
    ConnectionState state;
    bool matches(const OpenConnection& connection) const noexcept { return connection.state == state; }
  };
  struct Comparison {
    const ConnectionMeasure* measure;
    char sign;  // > < =
    std::uint64_t value;
    bool matches(const OpenConnection& connection) const noexcept;
  };
  using Condition = std::variant<Protocol, Peer, State, Comparison>;

  static Parsed<Condition> condition(std::string_view word);
  static Parsed<Condition> named(std::string_view name, char sign, std::string_view value);
  static Parsed<Condition> peer(std::string_view address);
  static Parsed<Condition> state(std::string_view name);
  static Parsed<Condition> comparison(const ConnectionMeasure& measure, char sign, std::string_view value);

  std::vector<Condition> conditions_;
};

}  // namespace reactord
