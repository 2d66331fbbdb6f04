// AddressTable: the connections of each client address, and its token bucket for new ones.
//
//     Address --> client_key()
//                  |
//                  v                          oldest                        newest
//     hash map: { Entry, Entry, ... }         [Entry] <-> [Entry] <-> [Entry]       those without connections
//
// It is used only when a limit per address is set. A connection stores nothing of it: the key is derived from its
// address again at its end. The hash is SipHash-2-4 (Aumasson and Bernstein, 2012) under a random seed, so that no
// client can choose addresses that collide.
//
// An entry without connections is forgotten once its bucket is full. At `max_entries` the oldest such entry makes room
// for a new address, even if its bucket is not full: that client may then open a burst again too early. When all
// max_entries entries have connections, a new address is not counted, so that they keep no client out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "reactord/address.hpp"
#include "reactord/list.hpp"
#include "serve/client_key.hpp"
#include "serve/token_bucket.hpp"

namespace reactord {

struct Waiting;

class AddressTable {
 public:
  static constexpr std::size_t max_entries = 65'536;

  using Key = ClientKey;
  using Seed = std::array<std::uint64_t, 2>;

  struct Entry {
    Key key;
    std::uint32_t open = 0;     // the number of connections, including the waiting ones
    std::uint32_t waiting = 0;  // the number of connections that wait to be served
    TokenBucket bucket;
    OrderedList<Waiting> queue;  // the waiting connections, in order of arrival

    std::uint32_t served() const noexcept { return open - waiting; }

   private:
    friend class AddressTable;
    friend class List<Entry>;
    ListNode<Entry> node_;  // of the entries without connections
  };

  explicit AddressTable(unsigned ip6_prefix);
  AddressTable(unsigned ip6_prefix, const Seed& seed) noexcept;
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  std::optional<Key> key_of(const Address& address) const noexcept;

  // The entry of `address`, made if there is none. Null when it has no key, or there is no room. Valid until its last
  // connection is removed: a caller that does not add() one calls forget_if_unused().
  Entry* enter(const Address& address, Time now);
  Entry* find(const Address& address) noexcept;

  void add(Entry& entry) noexcept;      // counts one more connection
  void remove(Entry& entry, Time now);  // counts the end of one: once for each add()
  void forget_if_unused(Entry& entry, Time now);

  std::size_t size() const noexcept { return entries_.size(); }
  bool check() const noexcept;  // checks that every entry is where it belongs: for tests

  static std::uint64_t hash(const Key& key, const Seed& seed) noexcept;

 private:
  struct Hash {
    Seed seed;
    std::size_t operator()(const Key& key) const noexcept { return hash(key, seed); }
  };

  void forget(Entry& entry);
  bool make_room(Time now);

  unsigned ip6_prefix_;
  std::unordered_map<Key, Entry, Hash> entries_;
  OrderedList<Entry> unused_;  // the entries without connections, oldest first
};

}  // namespace reactord
