// WriteHalf: how a connection writes. It is a layer of an Endpoint (drawn in endpoint.hpp).
//
//     write(parts) --- few bytes ---> output_ ----- at the end of the turn ----> send
//            |                          ^  what the carrier did not take waits       ^
//            +--- many: writer_ waits --+------- straight from the caller's memory --+
//                 until `low` bytes are left
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint_state.hpp"
#include "net/send_progress.hpp"
#include "reactord/buffer.hpp"

namespace reactord {

// The limits on output: how much may wait for the peer, and for how long without progress.
struct SendLimits {
  std::size_t high = Conn::high_watermark;
  std::size_t low = Conn::low_watermark;
  // After close(): the unsent bytes are given up when the peer has taken nothing for so long.
  Duration timeout = Conn::send_timeout;
  // The timeout holds before close() too: the connection is then aborted.
  bool gives_up = false;
};
inline constexpr SendLimits default_send_limits;

class WriteHalf : public EndpointState {
 public:
  // ---- For sessions.

  // The bytes that wait to be sent. A session may append to them, whatever the watermarks say.
  Buffer& output() noexcept { return output_; }
  // Sends `replies`, which must not be empty, and empties it. What the socket does not take goes behind output(). True if
  // nothing is left unsent.
  bool send_replies(Buffer& replies) noexcept {
    const std::string_view bytes = replies.view();
    assert(!bytes.empty());
    ssize_t sent = 0;
    // With no output waiting, the socket was writable when last heard of.
    if (output_.empty() && sends_directly()) [[likely]] {
      sent = system::send_once(fd(), bytes.data(), bytes.size());
      if (sent == static_cast<ssize_t>(bytes.size())) [[likely]] {
        bytes_written_ += bytes.size();
        replies.rewind();
        return true;
      }
    }
    return keep_unsent(replies, sent);
  }
  // Sends what the socket takes now of `bytes`, and nothing while other output waits. Result: how many it took. A failure
  // shows at the next read or write.
  std::size_t send_at_once(std::string_view bytes) noexcept;
  // Appends `bytes` behind all that was written, also behind a pending write, whose rest is copied for that. They are sent
  // at the end of the turn. Throws std::bad_alloc: then the connection is to be ended, for some of it may be lost.
  void append_behind(std::string_view bytes);
  // The number of bytes that wait, in output() and in a pending write; more than `most` if there are more.
  std::size_t waiting(std::size_t most) const noexcept {
    return output_.size() + (writer_ == nullptr ? 0 : writer_->left(most));
  }
  // Appends to output(), if there is memory: for words that nobody waits for.
  void say(std::string_view text) noexcept;
  // Sends what the socket takes now. A failure shows at the next read or write.
  void send_output() noexcept;
  void flush_output_later() { reactor().flush_later(*this); }

  // `limits` must outlive it.
  void set_send_limits(const SendLimits& limits) noexcept { send_limits_ = &limits; }
  // Begins the time of the output that waits: SendLimits::gives_up has come to hold.
  void begin_to_time_output() noexcept;
  // True when the connection was aborted for a peer that took nothing: SendLimits::gives_up.
  bool gave_up() const noexcept { return gave_up_; }
  // Asks whether the peer has acknowledged anything since this was last asked, or since the kernel last took something.
  // If so, that counts as activity. It may be a system call: ask when a time is up.
  bool peer_goes_on() noexcept;

  // ---- For a transport above.

  // Result: as of write(2) on this connection, -EAGAIN where it would wait. The listener's on_ready() tells when to try
  // again.
  ssize_t send_now(std::string_view bytes) noexcept;
  // The number of bytes written that the peer's side does not have yet.
  std::size_t undelivered() const noexcept { return output_.size() + unacknowledged(); }

  // Sends FIN behind what was written. Later writes fail with EPIPE. No effect on a closed one.
  void end_writing() noexcept;

  std::size_t unsent() const noexcept { return output_.size(); }
  bool is_write_closed() const noexcept { return write_closed_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }

 protected:
  using EndpointState::EndpointState;

  // Returns true when the operation has completed. Otherwise it is pending.
  bool try_write(PendingWrite& operation);
  // Takes `bytes` over. False: a write of them would suspend or fail, and nothing is done.
  bool try_take_over(std::string_view bytes);
  // Ends the pending write, from within a call of the user.
  void end_write(int failure) noexcept { end_pending(std::exchange(writer_, nullptr), failure); }
  // Sends what waits, at the end of a turn in which something was written, or when there is room again.
  void flush();

  Time write_deadline() const noexcept { return rare_ ? rare_->write_deadline : Time::never(); }
  void set_write_deadline(Time deadline);
  // Resumes the pending write, if its time is over.
  void expire_write(Time now);

  // True when something waits to be sent, in output_ or in writer_.
  bool output_waits() const noexcept {
    return !output_.empty() || (writer_ != nullptr && writer_->part_count_ > 0);
  }
  // Looks after output that waits: when the next look at the peer is due.
  void time_output();
  // Notes that output begins to wait, or some of it was taken.
  void note_progress() noexcept { progress_.took(reactor().now()); }
  // Notes what peer_goes_on() will compare with. The socket has just taken all that it takes.
  void note_unacknowledged() noexcept;
  // Looks whether the peer has taken nothing for as long as it may.
  bool has_stalled() noexcept;
  // The time of the next look whether the peer goes on.
  Time next_look() const noexcept;

  // Sends FIN. No output may be left. False: it can't go out yet.
  bool end_output() noexcept;

 private:
  bool continue_write(PendingWrite& operation);
  void wake_writer();
  void take_over(PendingWrite& operation);
  bool send_parts(PendingWrite& operation) noexcept;
  ssize_t send_indirectly(std::string_view bytes) noexcept override;
  ssize_t send_gathered_indirectly(std::span<const iovec> parts) noexcept;
  bool keep_unsent(Buffer& replies, ssize_t sent) noexcept;
  void keep(std::string_view unsent) noexcept;
  void count_sent(std::size_t sent, std::size_t offered) noexcept;
  void send_stopped(ssize_t result) noexcept;
  void fail_output(int number) noexcept;

 protected:
  Buffer output_;
  // The pending write; of a connecting endpoint, the pending connect.
  PendingWrite* writer_ = nullptr;
  std::uint64_t bytes_written_ = 0;
  const SendLimits* send_limits_ = &default_send_limits;
  // The progress of what waits in output_, or in writer_.
  [[no_unique_address]] SendProgress progress_;
  bool write_closed_ : 1 = false;  // close_write() was called
  bool fin_sent_ : 1 = false;
  bool gave_up_ : 1 = false;
};

}  // namespace reactord
