// Delivery: the lines that are being handed to a LineHandler, and the Reply that it answers with. A server has one,
// because deliveries do not nest: nothing that a handler can call begins another one.
//
//     begin() --- lines, replies ---> end()         what a Reply that was kept is given from then on goes nowhere
//                    |
//                    +--- cut_short(), by a kill: the answers are dropped, no line follows
#pragma once

#include "reactord/handler.hpp"

namespace reactord {

class Session;

class Delivery {
 public:
  // `replies` is the loop's own buffer: answers are sent from it.
  Delivery(BufferPool& pool, Buffer& replies) noexcept : replies_(replies), reply_(pool, nowhere_) {}

  Reply& begin(const Session& session) noexcept {
    session_ = &session;
    reply_.output_ = &replies_;
    return reply_;
  }
  void end() noexcept { reply_.output_ = &nowhere_; }

  // Sets the size at which a reply is full. It reopens a Reply that was closed, once its delivery has ended.
  void open(std::size_t limit) noexcept { reply_.limit_ = limit; }
  void change_limit(std::size_t limit) noexcept {
    if (!reply_.is_closed()) open(limit);
  }

  // Cuts the delivery short if it is this session's.
  void cut_short(const Session& session) noexcept {
    if (session_ != &session || reply_.output_ == &nowhere_) return;
    reply_.output_->clear();
    reply_.close();
    end();
  }

  void forget_what_came_late() noexcept { nowhere_.clear(); }

 private:
  Buffer& replies_;
  Buffer nowhere_;
  Reply reply_;
  const Session* session_ = nullptr;  // the last session that has begun one; may be gone
};

}  // namespace reactord
