// Input that nobody reads: it is cut off by a limit, discarded while the connection closes, or forgotten before an abort.
#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>

#include "net/read_half.hpp"

namespace reactord {
namespace {

constexpr std::size_t discard_chunk = 16 * 1024;
constexpr std::size_t forgotten_at_most = 64 * 1024;

}  // namespace

bool ReadHalf::limit_reading(std::uint64_t limit) noexcept {
  Rare* const rare = rare_if_possible();
  if (rare == nullptr) return false;
  rare->read_limit = std::min(rare->read_limit, limit);
  if (reads_ended()) end_read(failure_of(ErrorCode::eof));
  return true;
}

bool ReadHalf::discard_input() noexcept {
  assert(phase_ == Phase::discarding);
  std::array<char, discard_chunk> room;
  Rare* const rare = rare_if_possible();
  if (rare == nullptr) return true;
  while (readable()) {
    const ssize_t count = receive_some(room);
    if (count == -EAGAIN) {
      not_readable();
      return false;
    }
    if (count <= 0) return true;
    const auto received = static_cast<std::size_t>(count);
    rare->discarded += received;
    bytes_read_ += received;
    if (received < room.size()) note_short_read();
    if (rare->discarded > Conn::linger_bytes && endangered() <= 1) return true;
    if (readable() && !spend(received)) {
      reactor().serve_next_turn(*this);
      return false;
    }
  }
  return false;
}

void ReadHalf::forget_input() noexcept {
  if (is_retired() || (!is_socket() && !readable())) return;
  std::array<char, discard_chunk> room;  // not the loop's storage: a handler may be reading lines there
  // The socket is asked until it says that nothing is left, whatever epoll has told: the news may wait there.
  for (std::size_t forgotten = 0; forgotten < forgotten_at_most;) {
    const ssize_t count = receive_some(room);
    if (count <= 0) return;
    forgotten += static_cast<std::size_t>(count);
  }
}

}  // namespace reactord
