// copy(): bytes from one connection to another, Go's io.Copy. relay(): both ways at once, until both have ended: what a proxy
// is made of.
//
//     first peer -->  first  ---- copy ---->  second  --> second peer      eof at one:     close_write() at the other;
//                <--         <---- copy ----          <--                                  the other direction goes on
//                                                                          one breaks:     reset() of the other
//
// Backpressure: a direction reads only once the kernel has all that it read before. So it holds at most
// Conn::high_watermark bytes, and none while it waits for more; a peer that reads slowly slows down the one that sends.
#pragma once

#include <cstdint>

#include "reactord/conn.hpp"
#include "reactord/context.hpp"
#include "reactord/task.hpp"

namespace reactord {

struct CopyResult {
  std::uint64_t bytes = 0;  // given to the kernel of `to`; of a pipe: read by its other end
  Result<void> ended =
      {};  // ok: all was copied, up to eof. Else the error of the read or the write that failed
};

// Copies until `from` gives eof, which is success, or a read or a write fails. It ends neither connection. Both must live
// until it has ended; their deadlines and contexts hold. Bytes that were read and could not be written are lost: at most
// Conn::high_watermark.
Task<CopyResult> copy(Conn& from, Conn& to);

struct RelayOptions {
  Context* context = nullptr;  // ends the relay when it is done; must live until then. Null: none
  Duration idle_timeout = 0s;  // no byte moved on either connection, in any direction; zero: none
};

struct RelayResult {
  std::uint64_t first_to_second = 0, second_to_first = 0;  // bytes, counted as in CopyResult
  Result<void> ended = {};  // ok: both directions came to their eof. Else the first failure
};

// Copies in both directions at once. Suspends until both have ended. The connections stay the caller's, who must neither
// read nor write them meanwhile, and ends them afterwards:
//
//     auto relayed = co_await relay(client, upstream, {.context = &context, .idle_timeout = 5min});
//     if (!relayed.ended) {
//       client.reset();  // a FIN would say that the stream is whole
//       upstream.reset();
//     }
//
// `ended` fails with
//   * the error of the connection that broke: the other one has been reset then;
//   * deadline_exceeded where both were idle for idle_timeout ("relay tcp A->B: i/o timeout"), or a deadline of one passed;
//   * cancelled, or deadline_exceeded, where the context is done; closed where somebody has closed one of them.
// But for the first, both are left as they are. The relay takes the place of a Context that they have, and leaves none.
Task<RelayResult> relay(Conn& first, Conn& second, RelayOptions options = {});

}  // namespace reactord
