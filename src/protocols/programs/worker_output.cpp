#include "protocols/programs/worker_output.hpp"

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "base/system.hpp"

namespace reactord {

Result<WatchHandle<WorkerOutput>> WorkerOutput::open(Reactor& reactor, FileDescriptor output, Form form,
                                                     Listener& listener) {
  WatchHandle<WorkerOutput> opened(new WorkerOutput(reactor, output.release(), form, listener));
  auto added = reactor.add(*opened);
  if (!added) return std::unexpected(std::move(added).error());
  return opened;
}

void WorkerOutput::read() {
  Read outcome = Read::ended;
  try {
    outcome = read_for_a_turn();
  } catch (const std::bad_alloc&) {  // what it wrote can't be kept: it counts as ended
  }
  if (outcome == Read::ended && !is_retired()) return listener_.on_output_ended();
  if (outcome == Read::some) reactor().serve_next_turn(*this);
}

WorkerOutput::Read WorkerOutput::read_for_a_turn() {
  const std::uint64_t before = bytes_read_;
  while (bytes_read_ - before < bytes_per_turn) {
    const Read outcome = read_once();
    if (outcome != Read::some) return outcome;
  }
  return Read::some;
}

void WorkerOutput::read_rest() {
  const std::uint64_t before = bytes_read_;
  try {
    while (bytes_read_ - before < last_bytes && read_once() == Read::some) {
    }
  } catch (const std::bad_alloc&) {  // the rest is lost
  }
}

WorkerOutput::Read WorkerOutput::read_once() {
  if (is_retired()) return Read::ended;
  const std::span<char> room = unread_.prepare(reactor().buffers(), read_size);
  const ssize_t count = system::read(fd(), room.data(), room.size());
  if (count <= 0) {
    if (unread_.empty()) unread_.clear();
    return count == -EAGAIN ? Read::empty : Read::ended;
  }
  unread_.commit(static_cast<std::size_t>(count));
  bytes_read_ += static_cast<std::uint64_t>(count);
  if (!tell_lines()) return Read::ended;
  // The bytes that are written from now on, and the end, are told anew.
  const bool is_emptied = form_.kind == Kind::pipe && static_cast<std::size_t>(count) < room.size();
  return is_emptied && !is_hung_up_ ? Read::empty : Read::some;
}

// False: the listener wants no more.
bool WorkerOutput::tell_lines() {
  const std::string_view bytes = unread_.view();
  const void* const found = ::memrchr(bytes.data() + searched_, '\n', bytes.size() - searched_);
  if (found != nullptr) {
    last_line_ = reactor().now();
    const auto behind = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    listener_.on_output_lines(bytes.substr(0, behind));
    if (is_retired()) return false;
    unread_.consume(behind);
  }
  searched_ = unread_.size();
  if (unread_.size() < form_.longest) return true;
  listener_.on_output_too_long();
  return false;
}

}  // namespace reactord
