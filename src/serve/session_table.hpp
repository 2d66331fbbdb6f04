// SessionTable: the sessions of a server, in the order of the bytes they hold in buffers.
//
//     held:   0        256 B    512 B   ...  4 KiB   4.5 KiB  ...  64 KiB   72 KiB  ...
//             [......] [...]    []           [..]    []            [xxx]    [x]           one list each
//
// So the session that holds most is found without a walk, however many there are. A session is placed when it begins to
// wait with bytes in its buffers (Session::holds()), not for each line. It may then hold less than it is listed for,
// never more. The bytes are rounded up to a measure that fits in a byte: by at most an eighth.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "reactord/list.hpp"

namespace reactord {

class BufferBudget;
class Session;
class Watch;

class SessionTable {
 public:
  using Measure = std::uint8_t;

  SessionTable() noexcept = default;
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  void add(Session& session) noexcept;  // `session` holds nothing
  void remove(Session& session) noexcept;
  void holds(Session& session, std::size_t bytes) noexcept;
  void leaves(Session& session) noexcept;  // its bytes are being released and count no more

  // Calls `budget` whenever the sessions hold more than `bytes`. null: none.
  void keep_below(std::size_t bytes, BufferBudget* budget) noexcept;

  Session* first() const noexcept;  // in no particular order; null when there is none
  Session* next(const Session& session) const noexcept;
  Session* serving(
      const Watch& watch) const noexcept;  // walks over all; null when none serves that connection
  Session* largest() const noexcept;       // null when none holds anything
  std::size_t held() const noexcept { return held_; }
  bool check() const noexcept;  // checks that each is where it belongs: for tests

  static Measure measure_of(std::size_t bytes) noexcept;
  static std::size_t bytes_of(Measure measure) noexcept;

 private:
  static constexpr std::size_t measures = 192;
  static constexpr Measure leaving = 0xff;  // kept in the list of those that hold nothing

  static std::size_t list_of(Measure measure) noexcept { return measure == leaving ? 0 : measure; }
  Session* first_from(std::size_t list) const noexcept;  // the first of that list or a later one
  void link(Session& session, Measure measure) noexcept;
  void unlink(Session& session) noexcept;

  std::array<List<Session>, measures> lists_;
  std::array<std::uint64_t, measures / 64> used_{};
  std::size_t held_ = 0;
  std::size_t most_ = ~std::size_t{0};
  BufferBudget* budget_ = nullptr;
};

}  // namespace reactord
