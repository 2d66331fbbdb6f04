// Carrier: what moves the bytes of a connection. It tries now, and says -EAGAIN where it would have to wait. It remembers
// what epoll has said until a try refutes it. It is the lowest layer of an Endpoint (drawn in endpoint.hpp).
//
//     a socket            the verbs as they are in carrier.cpp; recv(2) and send(2) without a virtual call, unless a layer
//                         above makes its bytes go indirectly
//     PipeEndpoint        verbs that take from the other end
//     TransportEndpoint   verbs that ask a Transport of the user's
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cassert>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/system.hpp"
#include "reactord/address.hpp"
#include "reactord/network.hpp"
#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord {

class Carrier : public Watch {
 public:
  Network network() const noexcept { return network_; }
  const Address& remote_address() const noexcept { return remote_; }

  // True when there is, or may be, something to read.
  bool is_readable() const noexcept { return readable(); }

 protected:
  // ---- The verbs: all that a kind of connection may define. None of them waits.

  // The number of bytes that have arrived and that receive() would give.
  virtual std::size_t unreceived() const noexcept;
  // Takes at most `count` bytes, and `count` is not zero. Result: how many; 0 at the end of the stream; -errno.
  virtual ssize_t receive(char* bytes, std::size_t count) noexcept;
  // Hands on `count` bytes, and `count` is not zero. Result: how many, fewer only where the next try would say -EAGAIN;
  // -errno.
  virtual ssize_t send(const char* bytes, std::size_t count) noexcept;
  // Does the same with `count` parts, one after the other. None of them is empty.
  virtual ssize_t send_gathered(const iovec* parts, std::size_t count) noexcept;
  // Refuses what still comes, where that is possible: nobody will read any more. Result: 0 or -errno.
  virtual int shut_read() noexcept;
  // Ends our side, behind all that was sent: the peer reads eof. Result: 0, -EAGAIN, another -errno.
  virtual int shut_write() noexcept;
  // The number of bytes sent that the peer's side does not have yet.
  virtual std::size_t unacknowledged() const noexcept;
  // Says whether all that the peer takes shows without a look at unacknowledged().
  virtual bool tells_all_progress() const noexcept { return false; }
  // Says whether closing with input unread destroys what was sent, so that the input is discarded first.
  virtual bool lingers() const noexcept { return true; }
  // Says whether closing ends our side, without shut_write(), once the peer has ended its own.
  virtual bool ends_by_closing() const noexcept { return true; }
  // Says whether it keeps Reactor::run() going from close() to its end.
  virtual bool closing_is_work() const noexcept { return true; }
  // Tells the other end, after a close, that nobody reads.
  virtual void on_closing() noexcept {}
  // Gives back what it holds: it is over. `in_order`: nothing that was sent is lost.
  virtual void on_retired(bool in_order) noexcept { static_cast<void>(in_order); }
  // The address of our end.
  virtual Address find_local_address() const;

  // ---- The use of the verbs, with the short way for sockets.

  // A bit that is none of epoll's: bytes are not received by recv(2), which does for TCP, but by receive().
  static constexpr Readiness indirect = 0x8000'0000;
  // The same for send(2) and send().
  static constexpr Readiness indirect_send = 0x4000'0000;
  static constexpr Readiness over_bits = readiness::peer_finished | readiness::hang_up | readiness::error;
  // With one of these a receive may stop before the socket is empty: read on until it says that it is.
  static constexpr Readiness read_on_bits = over_bits | readiness::urgent;

  // A carrier of the socket `fd`, which it owns.
  Carrier(Reactor& reactor, int fd, Network network, Address remote);
  // A carrier of something else, which overrides the verbs.
  Carrier(Reactor& reactor, Network network, Address remote);

  // True when it has a descriptor to receive from and to send to.
  bool is_socket() const noexcept { return fd() >= 0; }
  // True when send(2) does, on its descriptor.
  bool sends_directly() const noexcept { return (ready_ & indirect_send) == 0; }

  ssize_t receive_some(std::span<char> room) noexcept {
    assert(!room.empty());
    return (ready_ & indirect) == 0 ? system::receive(fd(), room.data(), room.size())
                                    : receive_indirectly(room);
  }
  // The long way of a receive. A layer above may have bytes that come first.
  virtual ssize_t receive_indirectly(std::span<char> room) noexcept {
    return receive(room.data(), room.size());
  }
  // Result: as of send(); -EAGAIN, too, while it is known not to be writable. One test says both that it is and that send(2)
  // does: a push has no instruction to spare.
  ssize_t send_some(std::string_view bytes) noexcept {
    assert(!bytes.empty());
    if ((ready_ & (readiness::writable | indirect_send)) == readiness::writable) [[likely]]
      return system::send(fd(), bytes.data(), bytes.size());
    return send_indirectly(bytes);
  }
  // The long way of a send. A layer above may want to see what goes.
  virtual ssize_t send_indirectly(std::string_view bytes) noexcept {
    return writable() ? send(bytes.data(), bytes.size()) : -EAGAIN;
  }
  // The number of bytes that our close(2) could destroy on their way. Bytes that a unix socket has taken lie with the peer
  // already.
  std::size_t endangered() const noexcept { return remote_.is_ip() ? unacknowledged() : 0; }

  bool readable() const noexcept { return (ready_ & readiness::readable) != 0; }
  bool writable() const noexcept { return (ready_ & readiness::writable) != 0; }
  // True when the peer has finished, or the connection is broken: read on to the end.
  bool is_over() const noexcept { return (ready_ & over_bits) != 0; }

  // Notes that there may be more behind a receive that was short.
  void more_may_wait() noexcept { ready_ |= readiness::urgent; }
  void not_readable() noexcept { ready_ &= ~(readiness::readable | readiness::urgent); }
  void not_writable() noexcept { ready_ &= ~readiness::writable; }
  // Notes a short read. It has drained the socket, says epoll(7), which holds for plain bytes alone.
  void note_short_read() noexcept {
    if ((ready_ & read_on_bits) == 0) not_readable();
  }
  // Forgets the readiness that epoll told of a socket that was not connected yet.
  void not_ready() noexcept { ready_ &= indirect | indirect_send; }

  Address remote_;
  Readiness ready_;  // the readiness that epoll has told, and nothing since has refuted

 private:
  Network network_;
};

}  // namespace reactord
