// pipe() and buffered_pipe(): two Conns joined in memory, without a descriptor. For tests without a port, and for
// joining two coroutines.
//
//     pipe                    Go's net.Pipe: no buffer. A write completes when the other end has read all of it, a read
//                             takes the bytes that a write offers. One write may take several reads, an empty write one.
//     buffered_pipe           as a socket: writes are taken over up to Conn::high_watermark, and wait beyond it.
//
// Both keep the contract of conn.hpp: deadlines, contexts, half-close, one read and one write at a time. Both addresses
// are "pipe". Ends do not linger: a closed end is gone once the other has read the bytes that it took over.
//
// After a close of either end, pipe() gives closed_pipe ("io: read/write on closed pipe") where a socket gives closed or
// a broken pipe: for writes and deadlines of both ends, and for reads of the closed end. A second close succeeds. Reads
// at the other end give eof.
#pragma once

#include "reactord/conn.hpp"

namespace reactord {

struct ConnPair {
  Conn first, second;
};

ConnPair pipe(Reactor& reactor);           // `reactor` must outlive both
ConnPair buffered_pipe(Reactor& reactor);  // the same

}  // namespace reactord
