// Exchange: what is under way on one connection: the requests that wait for a reply, and the bytes that must come.
//
//     request()  -->  pending   [3 from seq 7: due, sent, replies of 16 bytes][1 from seq 10: ...]
//                     expected  Server: hello 7\nServer: hello 8\nServer: hello 9\n
//     take()     <--  compared with the front of it, as it arrives, in pieces or many at once
//
// So a reply that is wrong, missing, doubled or out of order shows at its first byte that differs. It knows no socket
// and no clock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/script/template.hpp"
#include "reactord/time.hpp"

namespace reactord::load {

class Exchange {
 public:
  // The same for all connections; outlives them.
  struct Texts {
    const Template& send;
    const Template* expect;  // null: any line is a reply
    std::uint64_t seed;
    std::size_t depth;  // requests in flight, at most
    BufferPool& pool;
  };
  // Requests in a row that were due and sent at the same time, with replies of the same size.
  struct Pending {
    Time due;   // when they were to be sent
    Time sent;  // when they were
    std::uint32_t reply_size = 0;
    std::uint32_t count = 0;
  };

  Exchange(const Texts& texts, std::uint64_t connection);

  std::size_t in_flight() const noexcept { return count_; }
  bool has_room() const noexcept { return count_ < texts_.depth; }
  const Pending& oldest() const noexcept { return ring_[first_]; }  // in_flight() > 0

  // How many requests there is room for, but no more than make `most_bytes` (one at least).
  std::size_t room(std::size_t most_bytes) const noexcept;

  // Appends the next `count` requests to `into`, for which there is room.
  void request(Time due, Time now, std::size_t count, Buffer& into);

  // What has arrived. Calls answered(pending, count) for replies that are complete and right. False: mismatch() says what was
  // wrong, and nothing more can be told of this connection.
  template <typename Answered>
  bool take(std::string_view bytes, Answered answered) {
    if (texts_.expect == nullptr) return take_lines(bytes, answered);
    const std::size_t same = compare(bytes);
    received_ += same;
    while (count_ > 0 && received_ >= oldest().reply_size) {
      const std::size_t complete = std::min<std::size_t>(received_ / oldest().reply_size, oldest().count);
      received_ -= complete * oldest().reply_size;
      answered(oldest(), complete);
      pop(complete);
    }
    expected_.consume(same);
    if (same == bytes.size()) return true;
    explain(bytes.substr(same));
    return false;
  }
  const std::string& mismatch() const noexcept { return mismatch_; }  // a sentence

  // Calls visit(pending) for what is in flight, from the oldest on.
  template <typename Visit>
  void for_each_pending(Visit visit) const {
    for (std::size_t index = 0; index < used_; ++index) visit(ring_[(first_ + index) & (ring_.size() - 1)]);
  }

  // The connection has ended: what was in flight is forgotten, the numbers go on.
  void restart() noexcept;

 private:
  std::size_t compare(std::string_view bytes) const noexcept;  // how many are as expected
  void push(const Pending& pending);
  void pop(std::size_t count) noexcept {
    count_ -= count;
    ring_[first_].count -= static_cast<std::uint32_t>(count);
    if (ring_[first_].count > 0) return;
    first_ = (first_ + 1) & (ring_.size() - 1);
    --used_;
  }
  std::string reply_of(std::uint64_t sequence) const;
  std::string meaning_of(std::string_view reply) const;
  void explain(std::string_view rest);
  void explain_unasked(std::string_view reply);

  template <typename Answered>
  bool take_lines(std::string_view bytes, Answered answered) {
    std::size_t newline;
    while ((newline = bytes.find('\n')) != bytes.npos) {
      if (count_ == 0) break;
      answered(oldest(), std::size_t{1});
      pop(1);
      bytes.remove_prefix(newline + 1);
    }
    if (count_ > 0 || bytes.empty()) return true;
    explain_unasked(bytes);
    return false;
  }

  const Texts& texts_;
  const std::uint64_t connection_;
  std::uint64_t next_ = 0;            // the number of the next request
  std::vector<Pending> ring_;         // a power of two long; empty until the first request
  std::size_t first_ = 0, used_ = 0;  // of it
  std::size_t count_ = 0;             // in flight
  Buffer expected_;
  std::size_t received_ = 0;  // of the oldest reply
  std::string mismatch_;
};

}  // namespace reactord::load
