// Endpoint: what a Conn points to. The contract of conn.hpp, once, over any transport: the transports below
// (sockets; memory) only try to move bytes now, and say -EAGAIN when that would mean waiting.
//
//      open ---- close() ----> sending ---- all sent, FIN ----> discarding ---- peer's FIN ----> retired
//        |                        |  no progress, error             |  2 s, 1 MiB, error            ^
//        +-- abort() -------------+---------------------------------+--------------------------------+
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <memory>

#include "reactord/conn.hpp"

namespace reactord {

class Endpoint : public Watch {
 public:
  Endpoint(Reactor& reactor, int fd, Address remote);

  // Each is true when the operation has completed; otherwise it is pending and the loop will resume it.
  bool begin_read(ReadOperation& operation);
  bool begin_write(PendingWrite& operation);
  bool begin_finish(FinishOperation& operation);

  Result<void> close();
  void begin_close();
  void abort() noexcept;
  Result<void> close_read();
  Result<void> close_write();
  void finish_reading() noexcept;  // reads deliver what has been received by now, then eof
  Result<void> set_deadlines(Time deadline, bool read, bool write);

  // For sessions: bytes to send in this turn's flush, whatever the watermarks say.
  Buffer& output() noexcept { return output_; }
  void flush_output_later() { reactor().flush_later(*this); }
  void set_session_deadline(Time deadline) noexcept {
    read_deadline_ = deadline;
  }  // while no read is pending

  Error error(const char* operation, int failure) const;
  Address local_address() const;
  const Address& remote_address() const noexcept { return remote_; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  Time last_activity() const noexcept { return last_activity_; }
  std::size_t unsent() const noexcept { return output_.size(); }
  int read_failure() const noexcept { return read_failure_; }
  int write_failure() const noexcept { return write_failure_; }
  bool has_eof() const noexcept { return eof_; }
  virtual std::size_t unread() const noexcept = 0;

 protected:
  // The transport. Bytes moved, 0 at end of file, or -errno; never waits.
  virtual ssize_t receive(char* bytes, std::size_t count) noexcept = 0;
  virtual ssize_t send(const char* bytes, std::size_t count) noexcept = 0;
  virtual ssize_t send_gathered(const iovec* parts, std::size_t count) noexcept = 0;
  virtual int shut_read() noexcept = 0;
  virtual int shut_write() noexcept = 0;
  virtual Address find_local_address() const = 0;

 private:
  void on_ready(Readiness readiness) override;
  void on_timer() override;
  void on_flush() override;
  void on_release() override;
  void on_shutdown() override { abort(); }

  bool continue_read(ReadOperation& operation);
  bool continue_write(PendingWrite& operation);
  void park(Time deadline);
  bool within_budget() noexcept;
  void spend(std::size_t count) noexcept;
  void send_output() noexcept;
  void fail_output(int number) noexcept;
  void wake_writer();
  void end_pending(IoOperation* operation, int failure) noexcept;
  void limit_reading(std::uint64_t limit) noexcept;
  void fail_pending() noexcept;
  void continue_close() noexcept;
  bool discard_input() noexcept;
  void finish_close(int failure) noexcept;

  bool readable_ = false;  // epoll said so, and nothing since has said otherwise
  bool writable_ = true;
  bool hang_up_ = false;       // the peer has finished or broken off: read on to the end
  bool eof_ = false;           // the peer's FIN has been read
  bool write_closed_ = false;  // close_write() was called
  bool fin_sent_ = false;
  bool closed_ = false;
  bool lingering_ = false;  // after our FIN
  std::uint32_t budget_turn_ = 0;
  std::uint32_t budget_spent_ = 0;
  int read_failure_ = 0;   // an errno: the connection is gone
  int write_failure_ = 0;  // the same; what was unsent is lost
  Buffer output_;
  ReadOperation* reader_ = nullptr;
  PendingWrite* writer_ = nullptr;  // after close(): who waits for its end
  Time read_deadline_ = Time::never();
  Time write_deadline_ = Time::never();
  Time last_activity_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t read_limit_ = ~std::uint64_t{0};  // reads give eof once so much has been read
  std::uint64_t bytes_written_ = 0;
  Address remote_;
  mutable std::unique_ptr<Address> local_;  // asked for rarely: found at the first need
};

}  // namespace reactord
