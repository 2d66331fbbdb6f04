// Endpoint: what a Conn points to. The contract of conn.hpp, once, over any transport: a transport only tries to move
// bytes now, and says -EAGAIN when that would mean waiting.
//
// An Endpoint is made of layers. Each is a class with one idea, and knows the classes on its left alone:
//
//     Watch <-- Carrier <-- EndpointState <-- WriteHalf <-- ReadHalf <-- Endpoint <--+-- PipeEndpoint
//     the fd    what moves  what both   how it        how it       its life    +-- TransportEndpoint
//               the bytes   share       writes        reads
//
// The life of an endpoint, by EndpointState::Phase:
//
//      open ---- close() ----> sending ---- all sent, FIN ----> discarding ---- peer's FIN ----> retired
//        |                        |  no progress, error             |  2 s, 1 MiB, error            ^
//        |                        +-- of a transport that loses nothing by closing -------------------+
//        +-- abort() -------------+---------------------------------+--------------------------------+
//
// An endpoint that is being dialled is `connecting` before it is open (endpoint_connecting.cpp).
#pragma once

#include <sys/types.h>

#include <span>

#include "net/read_half.hpp"
#include "reactord/conn.hpp"

namespace reactord {

class Endpoint : public ReadHalf {
 public:
  // An endpoint of the connected socket `fd`, which it owns, or of one that begin_connect() will connect.
  Endpoint(Reactor& reactor, int fd, Network network, Address remote);

  // Each returns true when the operation has completed. Otherwise it is pending, and the loop will resume it.
  virtual bool begin_read(ReadOperation& operation);
  virtual bool begin_write(PendingWrite& operation);
  bool begin_finish(FinishOperation& operation);
  // The endpoint has just been made, of a socket, and has not been added to the Reactor.
  bool begin_connect(ConnectOperation& operation);
  // Takes `bytes` over as a write does that completes at once. False: one would suspend or fail, and is to be awaited.
  virtual bool write_at_once(std::string_view bytes) noexcept;

  virtual Result<void> set_deadlines(Time deadline, bool read, bool write);

  virtual Result<void> close();
  void begin_close();
  void abort() noexcept;
  // Ends the connection by ENOMEM: memory has run out, in the midst of something.
  void run_out() noexcept;
  Result<void> close_read();
  Result<void> close_write();
  // Reads deliver what has been received by now, then eof.
  void finish_reading() noexcept;

  // Null takes the listener away. It must outlive the open endpoint.
  void set_listener(EndpointListener* listener) noexcept;
  // Calls on_look() of the listener at `time`, once; at Time::never() not at all. No effect on a closed endpoint.
  void look_at(Time time) noexcept;
  bool has_pending() const noexcept { return reader_ != nullptr || writer_ != nullptr || closer_ != nullptr; }
  // For a transport above. Result: as of read(2) on this connection, -EAGAIN where it would wait. The listener's
  // on_ready() tells when to try again. `room` must not be empty.
  ssize_t receive_now(std::span<char> room) noexcept;

 protected:
  // An endpoint of something else than a socket: it overrides the verbs of Carrier.
  Endpoint(Reactor& reactor, Network network, Address remote);

  void on_ready(Readiness readiness) override;

 private:
  void on_timer() override;
  void on_flush() override;
  void on_release() override;
  void on_shutdown() override { abort(); }
  void end_both(int failure) noexcept override;

  void serve_ready();
  void become_ready();
  void time_is_up();
  void give_up();
  void continue_connect();
  void mark_closed() noexcept;
  void continue_close() noexcept;
  void begin_to_linger() noexcept;
  void linger_on() noexcept;
  void finish_close(int failure) noexcept;

  PendingWrite* closer_ = nullptr;  // waits for the end of the endpoint
};

}  // namespace reactord
