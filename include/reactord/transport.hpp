// Transport: moves the bytes of a Conn of your own making: a cipher, a framing, a serial line. The library does
// everything else that conn.hpp says above it: deadlines, contexts, watermarks, one read and one write, the order of
// closing.
//
//     Conn --> the library: conn.hpp's rules            conn = make_conn(reactor, std::make_unique<Mine>(...))
//               |  receive, send, shut_write ...  ^ notify
//               v                                 |
//              Mine : Transport, and perhaps TransportListener of the transport below
//               |  receive, send, shut_write ...  ^ notify
//               v                                 |
//              as_transport(conn): any other Conn, dialled, accepted, adopted or a pipe
//
// Order of the calls:
//
//   * The names come first. Then attach(), once. close() or abort() comes last, once; only the destructor follows, at the
//     end of that turn or later. Where make_conn() fails, the destructor comes at once.
//   * All calls come from the Reactor's thread, from within a turn or from a verb of the Conn. None may wait, throw or
//     run the user's code. None comes while another one of the same transport is on the stack, but for unsent(), which
//     changes nothing.
//   * receive() and send() return -EAGAIN where they would have to wait, and the transport then owes one notify(): of
//     readable once receive() may do more, of writable once send() or shut_write() may. A call before that returns
//     -EAGAIN again. A notify() without a waiting call costs a little time, and is never wrong.
//   * notify() may be called at any time from attach() on, also from within the other calls, and from within the
//     transport below. It only takes note: the Conn tries again in the next turn, from the loop's own stack. It has no
//     effect after close(). The listener lives as long as the transport: no object that holds it may live longer.
//   * An error, and the end of the stream, stay: each later call returns the same.
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

// The user of a transport: the library for a Conn, or the transport above.
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

  // Puts bytes that have arrived into `room`, which is never empty. Result: their number, which may be fewer than there
  // are; 0: the peer has ended the stream in order, and all of it has been read; -EAGAIN; another negated errno: the
  // connection is broken. A stream that stops without its end is broken: -ECONNRESET, not 0.
  virtual ssize_t receive(std::span<char> room) noexcept = 0;

  // Takes over bytes off the front of `bytes`, which are never empty. Result: their number, at least one; -EAGAIN;
  // another negated errno. The transport must send the bytes that it has taken, also without a further call. The others
  // may never come again: a write may be given up meanwhile, and another write takes its place.
  virtual ssize_t send(std::string_view bytes) noexcept = 0;

  // Ends our side, behind all bytes that were taken over: the peer reads them, and then the end. Result: 0 once all of
  // them have been handed down, so that close() can't destroy them; -EAGAIN: not yet, ask again after a notify() of
  // writable; another negated errno. No send() follows; receive() may.
  virtual int shut_write() noexcept = 0;

  // Releases the transport's resources. close() does so in order: bytes that were handed down arrive. abort() does so
  // now, whatever is lost; the peer reads a broken connection where the transport can say so.
  virtual void close() noexcept = 0;
  virtual void abort() noexcept { close(); }

  // The number of bytes taken over that the peer does not have yet, as far as this layer and those below know. While it
  // falls, the peer counts as making progress (write-timeout, Conn::send_timeout).
  virtual std::size_t unsent() const noexcept { return 0; }

  // The number of bytes that receive() would give without waiting. The call may take in bytes from below to count them,
  // and still owes its notify(). A smaller number is allowed: a drain reads no further than this.
  virtual std::size_t unread() noexcept { return 0; }

  // The names. A layer has the names of the transport below. One without names returns Network::pipe and Address::pipe().
  virtual Network network() const noexcept = 0;
  virtual Address local_addr() const = 0;
  virtual Address remote_addr() const = 0;
};

// Makes a Conn over `transport`. `reactor` must outlive it. Conn::close() sends the written bytes, calls shut_write(),
// then close(). It neither lingers nor waits for the layers below, which end in the background. Errors: system (ENOMEM);
// the transport is then gone.
Result<Conn> make_conn(Reactor& reactor, std::unique_ptr<Transport> transport);

// Makes `conn` the transport below another one. `conn` must be open and have nothing pending. Bytes written to it go out
// first; its deadlines and its Context are taken off. `received` are bytes that were read from it and belong to the
// layer above: receive() gives them first. A protocol that changes within a connection has them of its reader,
// BufferedReader::take_rest(). close() is Conn::close(), abort() is Conn::abort(). notify()
// comes from the loop's own stack, never from within receive() or send(), so the layer above may call down from it.
// Without memory it throws std::bad_alloc, and `conn` is closed.
std::unique_ptr<Transport> as_transport(Conn conn, Buffer received = {});

}  // namespace reactord
