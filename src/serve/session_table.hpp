// SessionTable: the sessions of a server, in the order of what they hold in buffers.
//
//     held:   0        256 B    512 B   ...  4 KiB   4.5 KiB  ...  64 KiB   72 KiB  ...
//             [......] [...]    []           [..]    []            [xxx]    [x]           one list each
//
// So who holds most is found without a walk, however many there are. A session is told where it belongs when it begins to
// wait with something in its buffers (Session::holds()), not for each line, and may then hold less than it is listed for;
// never more. What it holds is rounded up to so coarse a measure that a byte keeps it: at most an eighth.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace reactord {

class BufferBudget;
class Session;

class SessionTable {
 public:
  using Measure = std::uint8_t;

  SessionTable() noexcept = default;
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  void add(Session& session) noexcept;  // which holds nothing
  void remove(Session& session) noexcept;
  void holds(Session& session, std::size_t bytes) noexcept;
  void leaves(Session& session) noexcept;  // what it holds is on its way back, and counts no more

  // `budget` is told whenever they hold more than that. null: nobody is.
  void keep_below(std::size_t bytes, BufferBudget* budget) noexcept;

  Session* first() const noexcept;  // of all, in no order; null: there is none
  Session* next(const Session& session) const noexcept;
  Session* largest() const noexcept;  // null: none holds anything
  std::size_t held() const noexcept { return held_; }
  bool check() const noexcept;  // each where it belongs: for tests

  static Measure measure_of(std::size_t bytes) noexcept;
  static std::size_t bytes_of(Measure measure) noexcept;

 private:
  static constexpr std::size_t measures = 192;
  static constexpr Measure leaving = 0xff;  // listed among those that hold nothing

  static std::size_t list_of(Measure measure) noexcept { return measure == leaving ? 0 : measure; }
  Session* first_from(std::size_t list) const noexcept;  // of that list, or one for more
  void link(Session& session, Measure measure) noexcept;
  void unlink(Session& session) noexcept;

  std::array<Session*, measures> lists_{};
  std::array<std::uint64_t, measures / 64> used_{};
  std::size_t held_ = 0;
  std::size_t most_ = ~std::size_t{0};
  BufferBudget* budget_ = nullptr;
};

}  // namespace reactord
