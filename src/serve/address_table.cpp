#include "serve/address_table.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

#include "base/system.hpp"

namespace reactord {
namespace {

constexpr int forgotten_at_once = 2;  // forgotten per new entry: so the table shrinks when it can

AddressTable::Seed random_seed() noexcept {
  AddressTable::Seed seed{};
  system::random_bytes(seed.data(), sizeof seed);
  return seed;
}

struct SipState {
  std::uint64_t a, b, c, d;

  void round() noexcept {
    a += b, c += d;
    b = std::rotl(b, 13) ^ a, d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32);
    c += b, a += d;
    b = std::rotl(b, 17) ^ c, d = std::rotl(d, 21) ^ a;
    c = std::rotl(c, 32);
  }
  void absorb(std::uint64_t word) noexcept {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

}  // namespace

AddressTable::AddressTable(unsigned ip6_prefix) : AddressTable(ip6_prefix, random_seed()) {}

AddressTable::AddressTable(unsigned ip6_prefix, const Seed& seed) noexcept
    : ip6_prefix_(std::min(ip6_prefix, 128U)), entries_(0, Hash{seed}) {}

std::uint64_t AddressTable::hash(const Key& key, const Seed& seed) noexcept {
  SipState state{seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d, seed[0] ^ 0x6c7967656e657261,
                 seed[1] ^ 0x7465646279746573};
  state.absorb(key[0]);
  state.absorb(key[1]);
  state.absorb(std::uint64_t{sizeof key} << 56);
  state.c ^= 0xff;
  for (int rounds = 0; rounds < 4; ++rounds) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

std::optional<AddressTable::Key> AddressTable::key_of(const Address& address) const noexcept {
  return client_key(address, ip6_prefix_);
}

AddressTable::Entry* AddressTable::find(const Address& address) noexcept {
  const auto key = key_of(address);
  if (!key) return nullptr;
  const auto found = entries_.find(*key);
  return found == entries_.end() ? nullptr : &found->second;
}

AddressTable::Entry* AddressTable::enter(const Address& address, Time now) {
  const auto key = key_of(address);
  if (!key) return nullptr;
  const auto found = entries_.find(*key);
  if (found != entries_.end()) return &found->second;
  if (!make_room(now)) return nullptr;
  Entry& entry = entries_[*key];
  entry.key = *key;
  unused_.push_back(entry);
  return &entry;
}

bool AddressTable::make_room(Time now) {
  for (int count = 0; count < forgotten_at_once && !unused_.is_empty(); ++count) {
    if (unused_.first()->bucket.is_full(now)) forget(*unused_.first());
  }
  if (entries_.size() < max_entries) return true;
  if (unused_.is_empty()) return false;
  forget(*unused_.first());
  return true;
}

void AddressTable::add(Entry& entry) noexcept {
  if (entry.open++ == 0) unused_.remove(entry);
}

void AddressTable::remove(Entry& entry, Time now) {
  assert(entry.open > 0 && "each connection is removed once");
  if (--entry.open > 0) return;
  unused_.push_back(entry);
  forget_if_unused(entry, now);
}

void AddressTable::forget_if_unused(Entry& entry, Time now) {
  if (entry.open == 0 && entry.bucket.is_full(now)) forget(entry);
}

void AddressTable::forget(Entry& entry) {
  unused_.remove(entry);
  entries_.erase(Key(entry.key));  // a copy, because the entry is deleted while it is compared
}

bool AddressTable::check() const noexcept {
  std::size_t unused = 0, listed = 0;
  for (const auto& [key, entry] : entries_) {
    if (key != entry.key || entry.waiting > entry.open || entry.node_.is_linked() != (entry.open == 0))
      return false;
    if ((entry.waiting == 0) != entry.queue.is_empty()) return false;
    if (entry.open == 0) ++unused;
  }
  for (const Entry* entry = unused_.first(); entry != nullptr; entry = unused_.next(*entry)) ++listed;
  return unused == listed && unused_.check() && entries_.size() <= max_entries;
}

}  // namespace reactord
