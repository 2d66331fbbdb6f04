#include "serve/session_table.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

#include "serve/buffer_budget.hpp"
#include "serve/session.hpp"

namespace reactord {
namespace {

// A measure is a number with four significant bits, in units of the smallest Buffer: below 16 itself, above it an
// exponent and the three bits behind the leading one.
constexpr std::size_t unit = 256;
constexpr std::size_t most_units = std::size_t{1} << 25;
constexpr std::size_t steps = 8;

}  // namespace

SessionTable::Measure SessionTable::measure_of(std::size_t bytes) noexcept {
  const std::size_t units = std::min(bytes / unit + (bytes % unit > 0 ? 1 : 0), most_units);
  if (units < 2 * steps) return static_cast<Measure>(units);
  const auto exponent = static_cast<std::size_t>(std::bit_width(units)) - 4;
  const std::size_t significant = (units + (std::size_t{1} << exponent) - 1) >> exponent;
  return static_cast<Measure>(exponent * steps + significant);
}

std::size_t SessionTable::bytes_of(Measure measure) noexcept {
  if (measure < 2 * steps) return measure * unit;
  const std::size_t exponent = measure / steps - 1;
  return ((steps + measure % steps) << exponent) * unit;
}

void SessionTable::link(Session& session, Measure measure) noexcept {
  const std::size_t list = list_of(measure);
  session.held_ = measure;
  lists_[list].push_front(session);
  used_[list / 64] |= std::uint64_t{1} << (list % 64);
  if (list == 0) return;
  held_ += bytes_of(measure);
  if (held_ > most_) budget_->on_pressure();
}

void SessionTable::keep_below(std::size_t bytes, BufferBudget* budget) noexcept {
  most_ = budget == nullptr ? ~std::size_t{0} : bytes;
  budget_ = budget;
  if (held_ > most_) budget_->on_pressure();
}

void SessionTable::unlink(Session& session) noexcept {
  const std::size_t list = list_of(session.held_);
  List<Session>::remove(session);
  if (lists_[list].is_empty()) used_[list / 64] &= ~(std::uint64_t{1} << (list % 64));
  if (list > 0) held_ -= bytes_of(session.held_);
}

void SessionTable::add(Session& session) noexcept {
  assert(session.held_ == 0);
  link(session, 0);
}
void SessionTable::remove(Session& session) noexcept { unlink(session); }

void SessionTable::holds(Session& session, std::size_t bytes) noexcept {
  const Measure measure = measure_of(bytes);
  if (session.held_ == measure || session.held_ == leaving) return;
  unlink(session);
  link(session, measure);
}

void SessionTable::leaves(Session& session) noexcept {
  unlink(session);
  link(session, leaving);
}

Session* SessionTable::first_from(std::size_t list) const noexcept {
  for (std::size_t word = list / 64; word < used_.size(); ++word) {
    std::uint64_t used = used_[word];
    if (word == list / 64) used &= ~std::uint64_t{0} << (list % 64);
    if (used != 0) return lists_[word * 64 + static_cast<std::size_t>(std::countr_zero(used))].first();
  }
  return nullptr;
}

Session* SessionTable::first() const noexcept { return first_from(0); }

Session* SessionTable::next(const Session& session) const noexcept {
  if (Session* const next = List<Session>::next(session)) return next;
  const std::size_t list = list_of(session.held_) + 1;
  return list < measures ? first_from(list) : nullptr;
}

Session* SessionTable::serving(const Watch& watch) const noexcept {
  Session* session = first();
  while (session != nullptr && &session->served_by() != &watch) session = next(*session);
  return session;
}

Session* SessionTable::largest() const noexcept {
  for (std::size_t word = used_.size(); word-- > 0;) {
    if (used_[word] == 0) continue;
    const std::size_t list = word * 64 + 63 - static_cast<std::size_t>(std::countl_zero(used_[word]));
    return list == 0 ? nullptr : lists_[list].first();
  }
  return nullptr;
}

bool SessionTable::check() const noexcept {
  std::size_t held = 0;
  for (std::size_t list = 0; list < measures; ++list) {
    const bool used = (used_[list / 64] >> (list % 64) & 1) != 0;
    const List<Session>& sessions = lists_[list];
    if (used == sessions.is_empty() || !sessions.check()) return false;
    for (const Session* session = sessions.first(); session != nullptr; session = sessions.next(*session)) {
      if (list_of(session->held_) != list) return false;
      if (list > 0) held += bytes_of(session->held_);
    }
  }
  return held == held_;
}

}  // namespace reactord
