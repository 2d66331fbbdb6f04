#include "reactord/timer.hpp"

#include <algorithm>
#include <bit>

namespace reactord {
namespace {

constexpr Tick largest = (Tick{1} << (TimerWheel::levels * TimerWheel::bits)) - 1;

constexpr unsigned digit(Tick tick, unsigned level) noexcept {
  return static_cast<unsigned>(tick >> (level * TimerWheel::bits)) % TimerWheel::slots;
}

}  // namespace

List<Timer>& TimerWheel::slot_of(const Timer& timer) noexcept {
  return slot_[timer.place_][digit(timer.expiry_, timer.place_)];
}

void TimerWheel::link(Timer& timer) noexcept {
  if (timer.expiry_ <= now_) {
    timer.place_ = Timer::expired;
    expired_.push_back(timer);
    ++expired_count_;
    return;
  }
  const auto level = static_cast<unsigned>(std::bit_width(timer.expiry_ ^ now_) - 1) / bits;
  timer.place_ = static_cast<std::uint8_t>(level);
  slot_of(timer).push_front(timer);
  used_slots_[level] |= std::uint64_t{1} << digit(timer.expiry_, level);
  used_levels_ |= std::uint64_t{1} << level;
}

void TimerWheel::unlink(Timer& timer) noexcept {
  if (timer.place_ == Timer::expired) {
    expired_.remove(timer);
    --expired_count_;
    return;
  }
  List<Timer>::remove(timer);
  if (!slot_of(timer).is_empty()) return;
  used_slots_[timer.place_] &= ~(std::uint64_t{1} << digit(timer.expiry_, timer.place_));
  if (used_slots_[timer.place_] == 0) used_levels_ &= ~(std::uint64_t{1} << timer.place_);
}

void TimerWheel::arm(Timer& timer, Tick expiry) noexcept {
  if (timer.is_armed()) {
    unlink(timer);
    --size_;
  }
  timer.expiry_ = std::min(expiry, largest);
  link(timer);
  ++size_;
  find_next();
}

void TimerWheel::cancel(Timer& timer) noexcept {
  if (!timer.is_armed()) return;
  unlink(timer);
  timer.place_ = Timer::idle;
  --size_;
  find_next();
}

void TimerWheel::advance(Tick now) noexcept {
  now = std::min(now, largest);
  if (now <= now_) return;
  const auto top = static_cast<unsigned>(std::bit_width(now ^ now_) - 1) / bits;
  const unsigned from = digit(now_, top), to = digit(now, top);
  now_ = now;
  // On every level finer than the coarsest digit that changed, all timers lie in the past. On that level the slots that
  // have begun, up to the present one, are emptied: due timers expire, the others move to a finer level.
  for (unsigned level = 0; level < top; ++level) empty_slots(level, ~std::uint64_t{0});
  empty_slots(top, (~std::uint64_t{0} >> (63 - to)) & ~((std::uint64_t{2} << from) - 1));
  find_next();
}

void TimerWheel::empty_slots(unsigned level, std::uint64_t begun) noexcept {
  std::uint64_t due = used_slots_[level] & begun;
  used_slots_[level] &= ~begun;
  if (used_slots_[level] == 0) used_levels_ &= ~(std::uint64_t{1} << level);
  for (; due != 0; due &= due - 1) {
    List<Timer>& slot = slot_[level][static_cast<unsigned>(std::countr_zero(due))];
    while (Timer* const timer = slot.first()) {
      List<Timer>::remove(*timer);
      link(*timer);
    }
  }
}

Timer* TimerWheel::pop_expired() noexcept {
  Timer* timer = expired_.first();
  if (timer != nullptr) cancel(*timer);
  return timer;
}

void TimerWheel::find_next() noexcept {
  next_ = expired_.is_empty() ? never : now_;
  if (expired_.is_empty() && used_levels_ != 0) {
    // Every timer of a level expires before those of the coarser ones, so the finest level in use has the next.
    const auto level = static_cast<unsigned>(std::countr_zero(used_levels_));
    const auto slot = static_cast<Tick>(std::countr_zero(used_slots_[level]));
    const Tick coarser = level + 1 == levels ? 0 : now_ >> ((level + 1) * bits) << ((level + 1) * bits);
    next_ = coarser | slot << (level * bits);
  }
  next_time_ = next_ == never ? Time::never() : time_of_tick(next_);
}

bool TimerWheel::check() const noexcept {
  std::size_t found = 0;
  for (const Timer* timer = expired_.first(); timer != nullptr; timer = expired_.next(*timer), ++found) {
    if (timer->place_ != Timer::expired || timer->expiry_ > now_) return false;
  }
  if (!expired_.check() || found != expired_count_) return false;
  for (unsigned level = 0; level < levels; ++level) {
    if (((used_levels_ >> level) & 1) != (used_slots_[level] != 0 ? 1U : 0U)) return false;
    for (unsigned slot = 0; slot < slots; ++slot) {
      const List<Timer>& list = slot_[level][slot];
      if (((used_slots_[level] >> slot) & 1) != (list.is_empty() ? 0U : 1U) || !list.check()) return false;
      for (const Timer* timer = list.first(); timer != nullptr; timer = list.next(*timer), ++found) {
        if (timer->place_ != level || timer->expiry_ <= now_) return false;
        if (digit(timer->expiry_, level) != slot || slot <= digit(now_, level)) return false;
        if (level + 1 < levels && timer->expiry_ >> ((level + 1) * bits) != now_ >> ((level + 1) * bits))
          return false;
      }
    }
  }
  Tick earliest = expired_.is_empty() ? never : now_;
  for (unsigned level = levels; level-- > 0 && expired_.is_empty();) {
    if (used_slots_[level] == 0) continue;
    const auto slot = static_cast<Tick>(std::countr_zero(used_slots_[level]));
    earliest = ((now_ >> (level * bits)) - digit(now_, level) + slot) << (level * bits);
  }
  return found == size_ && next_ == earliest;
}

}  // namespace reactord
