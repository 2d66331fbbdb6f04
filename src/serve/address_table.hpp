// AddressTable: what each client address has, of connections and of the right to open more.
//
//     Address --> client_key()
//                  |
//                  v                          oldest                        newest
//     hash map: { Entry, Entry, ... }         [Entry] <-> [Entry] <-> [Entry]       those without connections
//
// It is asked only where a limit per address is set. Nothing of it lies with a connection: at its end the key is made
// of its address again. The hash is SipHash-2-4 (Aumasson and Bernstein, 2012) under a random seed, so that nobody can
// choose addresses that collide.
//
// An entry without connections is forgotten once its bucket is full. At `max_entries` the oldest of them makes room for
// a new address, though something is owed: that client may then open a burst anew before its time. Where all
// entries have connections, that is max_entries addresses at once, a new address is not counted, so that they keep
// nobody out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "reactord/address.hpp"
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
    std::uint32_t open = 0;     // those that wait included
    std::uint32_t waiting = 0;  // to be served
    TokenBucket bucket;
    Waiting* first = nullptr;  // of those that wait, in order of arrival
    Waiting* last = nullptr;

    std::uint32_t served() const noexcept { return open - waiting; }

   private:
    friend class AddressTable;
    Entry* next_ = nullptr;  // among those without connections
    Entry* previous_ = nullptr;
    bool listed_ = false;
  };

  explicit AddressTable(unsigned ip6_prefix);
  AddressTable(unsigned ip6_prefix, const Seed& seed) noexcept;
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  std::optional<Key> key_of(const Address& address) const noexcept;

  // The entry of `address`, made if there is none; null: it has no key, or there is no room. Valid until it is left
  // without connections: who does not add() one calls forget_if_unused().
  Entry* enter(const Address& address, Time now);
  Entry* find(const Address& address) noexcept;

  void add(Entry& entry) noexcept;  // one connection more
  void remove(Entry& entry, Time now);
  void forget_if_unused(Entry& entry, Time now);

  std::size_t size() const noexcept { return entries_.size(); }
  bool check() const noexcept;  // every entry where it belongs: for tests

  static std::uint64_t hash(const Key& key, const Seed& seed) noexcept;

 private:
  struct Hash {
    Seed seed;
    std::size_t operator()(const Key& key) const noexcept { return hash(key, seed); }
  };

  void list(Entry& entry) noexcept;
  void unlist(Entry& entry) noexcept;
  void forget(Entry& entry);
  bool make_room(Time now);

  unsigned ip6_prefix_;
  std::unordered_map<Key, Entry, Hash> entries_;
  Entry* oldest_ = nullptr;
  Entry* newest_ = nullptr;
};

}  // namespace reactord
