// Exchange: the requests in flight on one connection, and the bytes that their replies must have.
//
//     add_requests()  -->  pending   [3 from seq 7: due, sent, replies of 16 bytes][1 from seq 10: ...]
//                          expected  Server: hello 7\nServer: hello 8\nServer: hello 9\n
//     receive()       <--  bytes are compared with the front of it as they arrive, in pieces or many replies at once
//
// So a reply that is wrong, missing, doubled or out of order shows at its first byte that differs. The class knows no
// socket and no clock.
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
  // Shared by all connections; outlives them.
  struct Templates {
    const Template& send;
    const Template* expect;  // null: any line is a reply
    std::uint64_t seed;
    std::size_t depth;  // requests in flight, at most
    BufferPool& pool;
  };
  // Consecutive requests that were due and sent at the same time, with replies of the same size.
  struct Pending {
    Time due;   // the intended send time
    Time sent;  // the actual send time
    std::uint32_t reply_size = 0;
    std::uint32_t count = 0;
  };

  Exchange(const Templates& templates, std::uint64_t connection);

  std::size_t in_flight() const noexcept { return count_; }
  bool has_room() const noexcept { return count_ < templates_.depth; }
  const Pending& oldest() const noexcept { return ring_[first_]; }  // in_flight() > 0

  // The number of requests that there is room for, limited to those that fit into `most_bytes`, but at least one.
  std::size_t room(std::size_t most_bytes) const noexcept;

  // Appends the next `count` requests to `into`. room() must allow them.
  void add_requests(Time due, Time now, std::size_t count, Buffer& into);

  // Compares bytes that have arrived. Calls answered(pending, count) for replies that are complete and right. False:
  // mismatch() says what was wrong, and later bytes of this connection mean nothing.
  template <typename Answered>
  bool receive(std::string_view bytes, Answered answered) {
    if (templates_.expect == nullptr) return receive_lines(bytes, answered);
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

  // Calls visit(pending) for all requests in flight, the oldest first.
  template <typename Visit>
  void for_each_pending(Visit visit) const {
    for (std::size_t index = 0; index < used_; ++index) visit(ring_[(first_ + index) & (ring_.size() - 1)]);
  }

  // Forgets the requests in flight when the connection has ended. Their numbers go on.
  void restart() noexcept;

 private:
  std::size_t compare(std::string_view bytes) const noexcept;  // the number of bytes that are as expected
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
  void explain_unexpected(std::string_view reply);

  template <typename Answered>
  bool receive_lines(std::string_view bytes, Answered answered) {
    std::size_t newline;
    while ((newline = bytes.find('\n')) != bytes.npos) {
      if (count_ == 0) break;
      answered(oldest(), std::size_t{1});
      pop(1);
      bytes.remove_prefix(newline + 1);
    }
    if (count_ > 0 || bytes.empty()) return true;
    explain_unexpected(bytes);
    return false;
  }

  const Templates& templates_;
  const std::uint64_t connection_;
  std::uint64_t next_ = 0;            // the number of the next request
  std::vector<Pending> ring_;         // a power of two long; empty until the first request
  std::size_t first_ = 0, used_ = 0;  // the part of ring_ in use
  std::size_t count_ = 0;             // requests in flight
  Buffer expected_;
  std::size_t received_ = 0;  // bytes of the oldest reply
  std::string mismatch_;
};

}  // namespace reactord::load
