// WireTap: is told of the bytes of a connection as they pass its carrier: an operator wants to see them.
//
//     Endpoint <--- receive_some() ----+------ Carrier          a tap is told of what came, and of what was taken
//              ---- send_some() -------+----->
//                                  WireTap, WireTap ...
//
// A socket without taps pays nothing for them, neither an instruction nor a byte (a pipe and a Transport of the user's: a test
// for each piece that is sent):
//
//   * Its path tests already whether the bytes go by recv(2) and send(2), or another way: a bit of Carrier::ready_ for each
//     direction (Carrier::indirect, indirect_send). A tap sets both, so all bytes take the long way, which looks for taps.
//   * The list of taps lies beside the bytes that were put back, in a piece of EndpointState::Rare that few connections have
//     (Detour). One pointer stands for both, and is tested where the bytes that were put back were tested before.
//
// So nothing is put between the session and its endpoint. A Transport in front of the traced one would be another endpoint,
// with deadlines, counters and output of its own; an observer of the sessions would see lines, but not the bytes of a stream,
// of a push, or of a connection that closes. The way of the bytes alone is another: recvmsg(2) in place of recv(2), and replies
// are sent from the connection's own buffer.
//
// Bytes that were sent are those that the kernel, the other end of a pipe or the Transport has taken. Bytes that were put back
// are told of once, when they first come.
#pragma once

#include <string_view>

#include "reactord/list.hpp"

namespace reactord {

class WireTap {
 public:
  WireTap(const WireTap&) = delete;
  WireTap& operator=(const WireTap&) = delete;

  // Called amid a receive or a send. `bytes` are never empty, and valid during the call. It must neither add or remove a tap
  // nor call anything of the connection.
  virtual void on_received(std::string_view bytes) noexcept = 0;
  virtual void on_sent(std::string_view bytes) noexcept = 0;

 protected:
  WireTap() noexcept = default;
  ~WireTap() = default;

 private:
  friend class List<WireTap>;
  ListNode<WireTap> node_;
};

}  // namespace reactord
