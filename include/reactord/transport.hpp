// Transport: what moves the bytes of a Conn of your own making: a cipher, a framing, a serial line. Everything else that
// conn.hpp says, deadlines, contexts, watermarks, one read and one write, the order of closing, is done above it.
//
//     Conn --> the library: conn.hpp's rules            conn = make_conn(reactor, std::make_unique<Mine>(...))
//               |  receive, send, shut_write ...  ^ notify
//               v                                 |
//              Mine : Transport, and perhaps TransportListener of what lies below
//               |  receive, send, shut_write ...  ^ notify
//               v                                 |
//              as_transport(conn): any other Conn, dialled, accepted, adopted or a pipe
//
// Order of the calls:
//
//   * The names come first. Then attach(), once. close() or abort() comes last, once; only the destructor follows, at the
//     end of that turn or later. Where make_conn() fails, the destructor comes at once.
//   * All calls come from the Reactor's thread, from within a turn or from a verb of the Conn. None may wait, throw or run
//     the user's code. None comes while another one of the same transport is on the stack, but for unsent(), which
//     changes nothing.
//   * receive() and send() say -EAGAIN where they would have to wait, and the transport then owes one notify(): of
//     readable once receive() may do more, of writable once send() or shut_write() may. A call before that says -EAGAIN
//     again. A notify() that nobody waits for costs a little time, and is never wrong.
//   * notify() may be called at any time from attach() on, also from within receive() and its kin, and from within what
//     lies below. It only takes note: the Conn tries again in the next turn, from the loop's own stack. It has no effect
//     after close(). The listener lives as long as the transport: what the transport has handed it to must not live longer.
//   * An error, and the end of the stream, stay: each later call says the same.
//
// tests/conformance holds a transport to all of conn.hpp, see docs/protocols.md.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "reactord/address.hpp"
#include "reactord/conn.hpp"
#include "reactord/error.hpp"
#include "reactord/network.hpp"
#include "reactord/reactor.hpp"
#include "reactord/watch.hpp"

namespace reactord {

// The user of a transport: the library for a Conn, or another transport that lies above.
class TransportListener {
 public:
  virtual void notify(Readiness news) noexcept = 0;  // readiness::readable, readiness::writable, or both

 protected:
  ~TransportListener() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;

  virtual void attach(TransportListener& listener) noexcept = 0;

  // Puts what has arrived into `room`, which is never empty. Result: how many bytes, which may be fewer than there are;
  // 0: the peer has ended the stream in order, and all of it has been read; -EAGAIN; another negated errno: the connection
  // is broken. A stream that stops without its end is broken off: -ECONNRESET, not 0.
  virtual ssize_t receive(std::span<char> room) noexcept = 0;

  // Takes over bytes off the front of `bytes`, which are never empty. Result: how many, at least one; -EAGAIN; another
  // negated errno. What it has taken is its to send, also without a further call; what it has not taken may never come
  // again: a write may be given up meanwhile, and another one take its place.
  virtual ssize_t send(std::string_view bytes) noexcept = 0;

  // Ends our side, behind everything that was taken over: the peer reads it, and then the end. Result: 0 once all of it has
  // been handed down, so that close() can't destroy it; -EAGAIN: not yet, ask again after a notify() of writable; another
  // negated errno. No send() follows; receive() may.
  virtual int shut_write() noexcept = 0;

  // Gives back what the transport holds. close(): in order, what was handed down arrives. abort(): now, whatever is lost;
  // the peer reads a broken connection where the transport can say so.
  virtual void close() noexcept = 0;
  virtual void abort() noexcept { close(); }

  // Bytes taken over that the peer does not have yet, as far as is known here and below. While they get fewer, the peer
  // counts as going on (write-timeout, Conn::send_timeout).
  virtual std::size_t unsent() const noexcept { return 0; }

  // Bytes that receive() would give without waiting; it may take in what waits below to say so, and still owes its
  // notify(). Fewer is allowed: a drain reads no further than this.
  virtual std::size_t unread() noexcept { return 0; }

  // The names. A layer has those of what lies below. One that has none says Network::pipe and Address::pipe().
  virtual Network network() const noexcept = 0;
  virtual Address local_addr() const = 0;
  virtual Address remote_addr() const = 0;
};

// A Conn over `transport`. `reactor` must outlive it. Conn::close() sends what was written, shut_write(), then close(); it
// neither lingers nor waits for what lies below, which ends in the background. Errors: system (ENOMEM); the transport is
// then gone.
Result<Conn> make_conn(Reactor& reactor, std::unique_ptr<Transport> transport);

// `conn`, which is open and has nothing pending, as what lies below another transport. What was written to it goes out
// first; its deadlines and its Context are taken off. Bytes that a LineReader or a Buffer already has stay there: whoever
// changes the protocol within a connection must have none. close() is Conn::close(), abort() is Conn::abort(). Its notify()
// comes from the loop's own stack, never from within receive() or send(): what lies above may call down from there. Where
// there is no memory for it, std::bad_alloc, and `conn` is closed.
std::unique_ptr<Transport> as_transport(Conn conn);

}  // namespace reactord
