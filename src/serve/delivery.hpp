// Delivery: the lines that are being handed to a LineHandler, and the Reply that it answers with. A server has one,
// because deliveries do not nest: nothing that a handler can call begins another one.
//
//     begin() --- lines, replies ---> end()         what a Reply that was kept is given from then on goes nowhere
//                    |
//                    +--- cut_short(), by a kill: the answers are dropped, no line follows
//
// A line that hands its connection over: note_next() ---> hand_overs_ ---> take_next(), by the same session, soon.
#pragma once

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "reactord/handler.hpp"

namespace reactord {

class Session;

class Delivery {
 public:
  // `replies` is the loop's own buffer: answers are sent from it.
  Delivery(BufferPool& pool, Buffer& replies) noexcept : replies_(replies), reply_(pool, nowhere_) {}

  Reply& begin(const Session& session) noexcept {
    assert(!is_under_way() && "deliveries do not nest");
    session_ = &session;
    reply_.output_ = &replies_;
    return reply_;
  }
  void end() noexcept { reply_.output_ = &nowhere_; }

  // Sets the size at which a reply is full. It reopens a Reply that was closed, once its delivery has ended.
  void open(std::size_t limit) noexcept {
    assert(!(is_under_way() && reply_.is_closed()));
    reply_.limit_ = limit;
  }
  void change_limit(std::size_t limit) noexcept {
    if (!reply_.is_closed()) open(limit);
  }

  // Cuts the delivery short if it is this session's.
  void cut_short(const Session& session) noexcept {
    if (session_ != &session || !is_under_way()) return;
    reply_.output_->clear();
    reply_.close();
    end();
  }

  // The Reply of the delivery that is under way; null when it is another session's, or none is.
  Reply* reply_of(const Session& session) noexcept {
    return session_ == &session && reply_.output_ != &nowhere_ ? &reply_ : nullptr;
  }

  // Called when a delivery may have handed its connection over: remembers to whom, for take_next(). Deliveries of other
  // sessions may come between, and hand over too: a drain within the line makes the session wait in the loop's queue.
  // Throws std::bad_alloc: then the connection is to be ended.
  void note_next() {
    StreamHandler* const next = std::exchange(reply_.next_, nullptr);
    if (next != nullptr) hand_overs_.push_back({session_, next});
  }
  // The same for a delivery that no hand-over follows.
  void drop_next() noexcept { reply_.next_ = nullptr; }

  // The handler that this session's last delivery has handed the connection over to, once; null: none.
  StreamHandler* take_next(const Session& session) noexcept {
    const auto found = std::ranges::find(hand_overs_, &session, &HandOver::by);
    if (found == hand_overs_.end()) return nullptr;
    StreamHandler* const next = found->to;
    hand_overs_.erase(found);
    return next;
  }

  // Called when a session has ended: another one may come to lie at its address.
  void forget(const Session& session) noexcept {
    nowhere_.clear();
    if (session_ == &session) session_ = nullptr;
    take_next(session);
  }

 private:
  struct HandOver {
    const Session* by;
    StreamHandler* to;
  };
  bool is_under_way() const noexcept { return reply_.output_ != &nowhere_; }

  Buffer& replies_;
  Buffer nowhere_;
  Reply reply_;
  std::vector<HandOver> hand_overs_;  // noted and not yet taken: one of a session at most, few at a time
  const Session* session_ = nullptr;  // the last session that has begun one; null when it has ended
};

}  // namespace reactord
