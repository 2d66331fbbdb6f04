// Endpoint: what a Conn points to. The contract of conn.hpp, once, over any transport: a transport only tries
// to move bytes now, and says -EAGAIN when that would mean waiting.
//
//      open ---- close() ----> sending ---- all sent, FIN ----> discarding ---- peer's FIN ----> retired
//        |                        |  no progress, error             |  2 s, 1 MiB, error            ^
//        |                        +-- of a transport that loses nothing by closing -------------------+
//        +-- abort() -------------+---------------------------------+--------------------------------+
//
// One that is being dialled is `connecting` before it is open (endpoint_connecting.cpp).
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/system.hpp"
#include "net/endpoint_listener.hpp"
#include "reactord/conn.hpp"
#include "reactord/context.hpp"

namespace reactord {

// How much may wait for the peer, and for how long without progress.
struct SendLimits {
  std::size_t high = Conn::high_watermark;
  std::size_t low = Conn::low_watermark;
  Duration timeout = Conn::send_timeout;  // after close()
  bool gives_up = false;                  // the same holds before close(): the connection is then aborted
};
inline constexpr SendLimits default_send_limits;

class Endpoint : public Watch {
 public:
  enum class Phase : std::uint8_t {
    connecting,  // it is being dialled: the kernel has not said yet whether there is a peer
    open,        // reads and writes
    sending,     // closed: what was written is on its way to the kernel
    discarding,  // our FIN is out: what the peer still sends is read and forgotten
    retired,     // over: the descriptor goes at the end of the turn
  };

  Endpoint(Reactor& reactor, int fd, Network network, Address remote);  // of a socket

  // Each is true when the operation has completed; otherwise it is pending and the loop will resume it.
  virtual bool begin_read(ReadOperation& operation);
  virtual bool begin_write(PendingWrite& operation);
  bool begin_finish(FinishOperation& operation);
  bool begin_connect(ConnectOperation& operation);

  virtual Result<void> close();
  void begin_close();
  void abort() noexcept;
  void run_out() noexcept;  // of memory, in the midst of something: the connection ends by ENOMEM
  virtual Result<void> close_read();
  virtual Result<void> close_write();
  void finish_reading() noexcept;  // reads deliver what has been received by now, then eof
  void forget_input() noexcept;    // of what has been received 64 KiB: before an abort that shall be no reset
  virtual Result<void> set_deadlines(Time deadline, bool read, bool write);
  void set_context(Context* context);

  // For sessions: bytes to send in this turn's flush, whatever the watermarks say.
  Buffer& output() noexcept { return output_; }
  // Sends `replies`, which must not be empty, and empties it; what the socket does not take goes behind
  // output(). True if nothing is left unsent.
  bool send_replies(Buffer& replies) noexcept {
    const std::string_view bytes = replies.view();
    ssize_t sent = 0;
    if (output_.empty() && is_socket_) [[likely]] {  // then the socket was writable, when last heard of
      sent = system::send_once(fd(), bytes.data(), bytes.size());
      if (sent == static_cast<ssize_t>(bytes.size())) [[likely]] {
        bytes_written_ += bytes.size();
        replies.rewind();
        return true;
      }
    }
    return keep_unsent(replies, sent);
  }
  void send_output() noexcept;  // what the socket takes now; a failure shows at the next read or write
  void flush_output_later() { reactor().flush_later(*this); }
  void set_send_limits(const SendLimits& limits) noexcept { send_limits_ = &limits; }  // which outlive it
  void begin_to_watch_output() noexcept;              // SendLimits::gives_up has come to hold
  bool gave_up() const noexcept { return gave_up_; }  // on a peer that took nothing: SendLimits::gives_up
  void set_listener(EndpointListener* listener) noexcept;  // null: nobody
  EndpointListener* listener() const noexcept { return rare_ ? rare_->listener : nullptr; }
  // Calls on_look() of the listener then, once; never: not at all. No effect once it closes.
  void look_at(Time time) noexcept;
  // Storage of the Buffer that a pending read fills, if it does; and that it gives it back, with what lies in it.
  const Buffer* pending_input() const noexcept;
  void drop_pending_input() noexcept;
  // Storage that `held`, the buffer of a read that hands its bytes over, will have when `rest` of them are not taken.
  static std::size_t capacity_left(const Buffer& held, std::size_t rest) noexcept;
  // Appends to output(), if there is memory: for words that nobody waits for.
  void say(std::string_view text) noexcept;
  // Ends a pending read with interrupted; no effect where none is. For an owner that has something else to do.
  void interrupt_read() noexcept {
    end_pending(std::exchange(reader_, nullptr), failure_of(ErrorCode::interrupted));
  }
  // For a transport above: what read(2) and write(2) would say of this connection, -EAGAIN where they would wait. The
  // listener's on_ready() tells when to try again.
  ssize_t receive_now(std::span<char> room) noexcept;
  ssize_t send_now(std::string_view bytes) noexcept;
  void end_writing() noexcept;
  bool has_pending() const noexcept { return reader_ != nullptr || writer_ != nullptr || closer_ != nullptr; }
  std::size_t undelivered() const noexcept { return output_.size() + unacknowledged(); }
  void set_next_read_deadline(Time deadline) noexcept {
    read_deadline_ = deadline;
  }  // while no read is pending

  virtual Error error(const char* operation, int failure) const;
  Network network() const noexcept { return network_; }
  Address local_address() const;
  const Address& remote_address() const noexcept { return remote_; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  Time last_activity() const noexcept { return last_activity_; }
  std::size_t unsent() const noexcept { return output_.size(); }
  int read_failure() const noexcept { return read_failure_; }
  int write_failure() const noexcept { return write_failure_; }
  bool has_eof() const noexcept { return eof_; }
  bool is_closed() const noexcept { return phase_ >= Phase::sending; }
  bool is_readable() const noexcept { return readable(); }  // there is, or may be, something to read
  virtual std::size_t unread() const noexcept;
  // Whether the peer has acknowledged anything since this was last asked, or since the kernel last took something. If
  // so, that counts as activity. For when a time is up: it may be a system call.
  bool peer_goes_on() noexcept;

 protected:
  Endpoint(Reactor& reactor, Network network,
           Address remote);  // of something else: it overrides what follows

  // What moves the bytes: how many it has moved, 0 at end of file, or -errno; never waits. These are the ones of a
  // socket, which is spared the virtual call, but for receive(), which is that of unix(7): recv(2) does for TCP.
  virtual ssize_t receive(char* bytes, std::size_t count) noexcept;
  virtual ssize_t send(const char* bytes, std::size_t count) noexcept;
  virtual ssize_t send_gathered(const iovec* parts, std::size_t count) noexcept;
  virtual int shut_read() noexcept;
  virtual int shut_write() noexcept;
  virtual std::size_t unacknowledged() const noexcept;  // bytes sent that the peer's side does not have yet
  // How it ends, and what must be asked.
  virtual bool lingers() const noexcept { return true; }  // closing with input unread destroys what was sent
  virtual bool ends_by_closing() const noexcept {
    return true;
  }  // without shut_write(), once the peer has ended
  virtual bool closing_is_work() const noexcept {
    return true;
  }  // it keeps run() going, until finish_close()
  virtual bool tells_all_progress() const noexcept {
    return false;
  }  // of what the peer takes: no need to look
  // Costs a part of a write in this share of the turn's budget, if it has fewer bytes.
  static constexpr std::size_t part_share = Conn::bytes_per_turn / Conn::parts_per_turn;
  bool spend(std::size_t count) noexcept;
  virtual Address find_local_address() const;
  virtual void on_closing() noexcept {}      // the other end is to be told that nobody reads
  virtual void on_retired(bool) noexcept {}  // the other end is to be told; true: it ended in order

  // Fails a pending operation from within a call of the user: its coroutine runs on later, from the loop's stack.
  void end_pending(IoOperation* operation, int failure) noexcept;
  Error closed_error() const noexcept;
  void give_up();
  void park(Time deadline);
  void tell_buffered() noexcept {
    if (rare_ && rare_->listener != nullptr) rare_->listener->on_buffered();
  }
  void tell_ready() noexcept {
    if (rare_ && rare_->listener != nullptr) rare_->listener->on_ready();
  }
  // The order of every operation: closed, busy, cancelled, expired; 0: it may try.
  int refusal(const IoOperation* pending, Time deadline) const noexcept;
  Time write_deadline() const noexcept { return rare_ ? rare_->write_deadline : Time::never(); }
  void note_progress() noexcept {
    progress_ = reactor().now();
    unacknowledged_ = not_asked;
  }
  void watch_output();
  bool reads_ended() const noexcept { return has_read_limit_ && bytes_read_ >= rare_->read_limit; }
  void on_ready(Readiness readiness) override;

 private:
  void on_timer() override;
  void on_flush() override;
  void on_release() override;
  void on_shutdown() override { abort(); }

  void serve_ready();
  void flush();
  void time_is_up();
  bool try_read(ReadOperation& operation);
  bool try_write(PendingWrite& operation);
  bool continue_read(ReadOperation& operation);
  bool continue_write(PendingWrite& operation);
  void continue_connect();
  template <bool Direct>
  bool continue_take(ReadOperation& operation);
  bool keep_unsent(Buffer& replies, ssize_t sent) noexcept;
  void become_ready();
  void complete_read();
  bool keep_taking(ReadOperation& operation, ssize_t received, std::size_t taken);
  bool continue_long_take(ReadOperation& operation);
  ssize_t receive_some(std::span<char> room) noexcept {
    return (ready_ & indirect) == 0 ? system::receive(fd(), room.data(), room.size())
                                    : receive(room.data(), room.size());
  }
  ssize_t send_some(std::string_view bytes) noexcept;
  void count_received(std::size_t received, std::size_t room) noexcept;
  void count_sent(std::size_t sent, std::size_t offered) noexcept;
  void send_stopped(ssize_t result) noexcept;
  bool read_stopped(ReadOperation& operation, ssize_t result) noexcept;
  void fail_output(int number) noexcept;
  void keep(std::string_view unsent) noexcept;
  bool output_waits() const noexcept;
  void take_over(PendingWrite& operation);
  bool send_parts(PendingWrite& operation) noexcept;
  void note_unacknowledged() noexcept;
  bool has_stalled() noexcept;
  Time next_look() const noexcept;
  void wake_writer();
  void limit_reading(std::uint64_t limit) noexcept;
  void mark_closed() noexcept;
  void continue_close() noexcept;
  bool discard_input() noexcept;
  std::size_t endangered() const noexcept;
  bool end_output() noexcept;
  void linger_on() noexcept;
  void finish_close(int failure) noexcept;
  // The Context that ends the pending operations and refuses all later ones.
  struct Attachment final : ContextListener {
    explicit Attachment(Endpoint& of) noexcept : endpoint(of) {}
    void on_done(Context& context) noexcept override { endpoint.cancel(context.code()); }
    Endpoint& endpoint;
  };
  // What few connections ask for, made at the first need.
  struct Rare {
    std::optional<Address> local;
    std::unique_ptr<Attachment> attachment;
    EndpointListener* listener = nullptr;  // outlives the open endpoint
    Time look_at = Time::never();          // when it wants to be asked
    Time write_deadline = Time::never();
    std::uint64_t read_limit = ~std::uint64_t{0};  // reads give eof once so much has been read
    std::uint64_t discarded = 0;                   // bytes, after our FIN
  };
  Rare* rare_if_possible() const noexcept;  // null: there is no memory
  Rare& rare() const;
  void cancel(ErrorCode code) noexcept;

  static constexpr Readiness over_bits = readiness::peer_finished | readiness::hang_up | readiness::error;
  // A receive may stop before the socket is empty: read on until it says that it is.
  static constexpr Readiness read_on_bits = over_bits | readiness::urgent;
  // None of epoll's: bytes are not received by recv(2), but by receive().
  static constexpr Readiness indirect = 0x8000'0000;
  static constexpr std::uint32_t not_asked = 0xffff'ffff;

 protected:
  bool readable() const noexcept { return (ready_ & readiness::readable) != 0; }
  bool writable() const noexcept { return (ready_ & readiness::writable) != 0; }
  bool is_over() const noexcept {
    return (ready_ & over_bits) != 0;
  }  // finished or broken off: read on to the end
  void more_may_wait() noexcept { ready_ |= readiness::urgent; }  // behind a receive that was short

 private:
  void not_readable() noexcept { ready_ &= ~(readiness::readable | readiness::urgent); }
  // A short read has drained the socket: epoll(7), which holds for plain bytes alone.
  void note_short_read() noexcept {
    if ((ready_ & read_on_bits) == 0) not_readable();
  }
  void not_writable() noexcept { ready_ &= ~readiness::writable; }

 protected:
  Readiness ready_;                // what epoll has said, and nothing since has refuted
  bool eof_ : 1 = false;           // the peer's FIN has been read
  bool write_closed_ : 1 = false;  // close_write() was called
  bool fin_sent_ : 1 = false;
  bool has_read_limit_ : 1 = false;  // Rare::read_limit
  bool gave_up_ : 1 = false;
  const bool is_socket_ : 1;  // recv(2) and send(2) do, of its descriptor
  Phase phase_ = Phase::open;
  ErrorCode cancelled_ = ErrorCode::eof;  // by our Context, with this code; eof: it is not
  Network network_;
  std::uint32_t budget_turn_ = 0;
  std::uint32_t budget_spent_ = 0;
  std::int16_t read_failure_ = 0;   // an errno: the connection is gone
  std::int16_t write_failure_ = 0;  // the same; what was unsent is lost
  std::uint32_t unacknowledged_ =
      not_asked;   // bytes that the kernel had and the peer had not, when last asked
  Time progress_;  // when output began to wait, or some was sent, or was found to be acknowledged
  Buffer output_;
  ReadOperation* reader_ = nullptr;
  PendingWrite* writer_ = nullptr;  // of a connecting one: who waits for that
  PendingWrite* closer_ = nullptr;  // who waits for its end
  Time read_deadline_ = Time::never();
  Time last_activity_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  const SendLimits* send_limits_ = &default_send_limits;
  Address remote_;
  mutable std::unique_ptr<Rare> rare_;
};

}  // namespace reactord
