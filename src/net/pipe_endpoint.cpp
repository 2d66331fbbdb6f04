#include "net/pipe_endpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "reactord/pipe.hpp"

namespace reactord {
namespace {

ConnPair make_pipe(Reactor& reactor, bool buffered) {
  WatchHandle<PipeEndpoint> first(new PipeEndpoint(reactor, buffered)),
      second(new PipeEndpoint(reactor, buffered));
  for (PipeEndpoint* end : {first.get(), second.get()}) {
    if (auto added = reactor.add(*end); !added)
      throw std::bad_alloc();  // nothing else fails without a descriptor
  }
  PipeEndpoint::join(*first, *second);
  return {Conn(std::move(first)), Conn(std::move(second))};
}

}  // namespace

ConnPair pipe(Reactor& reactor) { return make_pipe(reactor, false); }
ConnPair buffered_pipe(Reactor& reactor) { return make_pipe(reactor, true); }

void PipeEndpoint::join(PipeEndpoint& first, PipeEndpoint& second) noexcept {
  first.peer_ = &second;
  second.peer_ = &first;
}

// Go's pipe looks at the ends before it looks at the deadline, and an empty read waits for a write.
bool PipeEndpoint::begin_read(ReadOperation& operation) {
  if (!buffered_ && !is_closed() && reader_ == nullptr) {
    if (is_ended()) {
      eof_ = true;
      operation.failure_ = failure_of(ErrorCode::eof);
      return true;
    }
    const bool empty = operation.kind_ == IoOperation::Kind::memory && operation.size_ == 0;
    operation.failure_ = refusal(reader_, read_deadline_);
    if (operation.failure_ != 0) return true;
    if (operation.kind_ == IoOperation::Kind::memory && peer_ != nullptr && peer_->has_empty_write()) {
      peer_->finish_empty_write();
      return true;
    }
    if (empty && peer_ != nullptr && peer_->has_offer()) return true;
    if (empty && reads_ended()) {
      operation.failure_ = failure_of(ErrorCode::eof);
      return true;
    }
    if (empty) {
      reader_ = &operation;
      park(read_deadline_);
      return false;
    }
  }
  if (peer_ != nullptr && peer_->has_offer())
    ready_ |= readiness::readable;  // an empty read may have looked, and left it
  return Endpoint::begin_read(operation);
}

bool PipeEndpoint::begin_write(PendingWrite& operation) {
  if (!is_closed() && !has_reader()) {
    operation.failure_ = buffered_ ? refusal(writer_, write_deadline()) : 0;
    if (operation.failure_ == 0) operation.failure_ = EPIPE;
    return true;
  }
  if (buffered_ || operation.part_count_ == 0) return Endpoint::begin_write(operation);
  operation.failure_ = refusal(writer_, write_deadline());
  if (operation.failure_ == 0 && write_closed_) operation.failure_ = EPIPE;
  if (operation.failure_ != 0) return true;
  operation.until_unsent_ = 0;
  writer_ = &operation;
  ready_ &= ~readiness::writable;  // until something of it has been taken
  note_progress();
  const bool met = peer_->finish_empty_read();
  if (has_empty_write() && met) {
    writer_ = nullptr;
    return true;
  }
  peer_->notify(readiness::readable);
  park(write_deadline());
  time_output();
  return false;
}

bool PipeEndpoint::write_at_once(std::string_view bytes) noexcept {
  return buffered_ && has_reader() && Endpoint::write_at_once(bytes);
}

Result<void> PipeEndpoint::close() {
  if (is_closed() && !buffered_) return {};
  return Endpoint::close();
}

void PipeEndpoint::on_closing() noexcept {
  if (peer_ != nullptr) peer_->reader_gone();
}

Result<void> PipeEndpoint::set_deadlines(Time deadline, bool read, bool write) {
  const bool gone = is_closed() || peer_ == nullptr || peer_->is_closed();
  if (!buffered_ && gone) return std::unexpected(Error(ErrorCode::closed_pipe));
  return Endpoint::set_deadlines(deadline, read, write);
}

Error PipeEndpoint::error(const char* operation, int failure) const {
  const bool closed = failure == failure_of(ErrorCode::closed) || failure == EPIPE;
  if (!buffered_ && closed) return Error(ErrorCode::closed_pipe);
  return Endpoint::error(operation, failure);
}

std::size_t PipeEndpoint::unreceived() const noexcept { return peer_ == nullptr ? 0 : peer_->offered(); }

// Returns the number of bytes that the other end may take now.
std::size_t PipeEndpoint::offered() const noexcept {
  std::size_t bytes = output_.size();
  if (writer_ == nullptr) return bytes;
  for (std::size_t part = 0; part < writer_->part_count_; ++part) bytes += writer_->parts_[part].size();
  return bytes;
}

// Whether there is nothing to read and nothing will come.
bool PipeEndpoint::is_ended() const noexcept {
  return (peer_ == nullptr || ((peer_->finished_ || peer_->is_closed()) && !peer_->has_offer())) && !lost_;
}

// Empty parts leave the front, each looked at once. The last part stays: it is all there is of a write of nothing.
bool PipeEndpoint::has_offer() noexcept {
  if (!output_.empty()) return true;
  if (writer_ == nullptr || writer_->part_count_ == 0) return false;
  while (writer_->part_count_ > 1 && writer_->parts_->empty()) writer_->drop_part();
  return !writer_->parts_->empty();
}

bool PipeEndpoint::has_empty_write() noexcept {
  return !has_offer() && writer_ != nullptr && writer_->part_count_ > 0;
}

// Both ends live on the loop's thread, but neither runs the other's coroutines: they are told in the next turn.
void PipeEndpoint::notify(Readiness news) noexcept {
  ready_ |= news;
  reactor().serve_next_turn(*this);
}

ssize_t PipeEndpoint::receive(char* bytes, std::size_t count) noexcept {
  if (peer_ == nullptr) return lost_ ? -ECONNRESET : 0;
  if (const Taken taken = peer_->take(bytes, count); taken.bytes > 0) {
    spend(taken.parts * part_share);
    if (taken.bytes < count && peer_->has_offer()) more_may_wait();
    return static_cast<ssize_t>(taken.bytes);
  }
  if (peer_->has_empty_write()) peer_->finish_empty_write();
  peer_->ready_ |= readiness::writable;  // we have looked: the next write must tell us again
  return peer_->finished_ ? 0 : -EAGAIN;
}

PipeEndpoint::Taken PipeEndpoint::take(char* into, std::size_t count) noexcept {
  if (!has_offer()) return {};
  Taken taken{.bytes = std::min(count, output_.size()), .parts = 0};
  if (taken.bytes > 0) {
    std::memcpy(into, output_.view().data(), taken.bytes);
    output_.consume(taken.bytes);
  }
  if (writer_ != nullptr && output_.empty())
    taken.bytes += take_parts(into + taken.bytes, count - taken.bytes, taken.parts);
  if (taken.bytes == 0) return {};
  // All of it has been read: nothing that comes before the writer is resumed makes that a failure.
  const bool all =
      !buffered_ && !is_closed() && writer_ != nullptr && writer_->count_ > 0 && writer_->part_count_ == 0;
  if (all) end_write(0);
  tell_sent({into, taken.bytes});
  bytes_written_ += taken.bytes;
  last_activity_ = reactor().now();
  note_progress();
  notify(readiness::writable);
  if (listener() != nullptr && !is_closed())
    flush_output_later();  // tells of the room, also when nothing is left
  return taken;
}

// Takes from the writer that waits. `parts` counts those that had bytes. Empty ones behind the last byte go with it.
std::size_t PipeEndpoint::take_parts(char* into, std::size_t count, std::size_t& parts) noexcept {
  std::size_t taken = 0;
  while (writer_->part_count_ > 0 && parts < Conn::parts_per_turn) {
    const std::string_view part = *writer_->parts_;
    const std::size_t step = std::min(count - taken, part.size());
    if (step > 0) {
      std::memcpy(into + taken, part.data(), step);
      taken += step;
      ++parts;
      writer_->count_ += step;
      writer_->parts_->remove_prefix(step);
    }
    if (!writer_->parts_->empty()) break;
    if (part.empty() && writer_->part_count_ == 1 && writer_->count_ == 0) break;
    writer_->drop_part();
  }
  return taken;
}

ssize_t PipeEndpoint::send(const char*, std::size_t) noexcept {
  if (!has_reader()) return -EPIPE;
  peer_->notify(readiness::readable);
  return -EAGAIN;  // the other end takes it by itself
}

ssize_t PipeEndpoint::send_gathered(const iovec*, std::size_t) noexcept { return send(nullptr, 0); }

void PipeEndpoint::finish_empty_write() noexcept { end_write(0); }

// Ends a read of no bytes, which has met its write. True if a read of any size into memory was waiting, which an empty
// write ends.
bool PipeEndpoint::finish_empty_read() noexcept {
  if (reader_ == nullptr || reader_->kind_ != IoOperation::Kind::memory) return false;
  if (reader_->size_ == 0 || peer_->has_empty_write()) end_read(0);
  return true;
}

int PipeEndpoint::shut_read() noexcept {
  reading_closed_ = true;
  if (peer_ != nullptr) peer_->reader_gone();
  return 0;
}

// Bytes that were written to nobody are dropped, and a pending write is told.
void PipeEndpoint::reader_gone() noexcept {
  if (is_closed() && !is_retired()) output_.clear();
  notify(readiness::writable);
  if (!is_closed() && writer_ != nullptr && writer_->part_count_ > 0) end_write(EPIPE);
}

int PipeEndpoint::shut_write() noexcept {
  finished_ = true;
  if (peer_ != nullptr) peer_->notify(readiness::readable | readiness::peer_finished);
  return 0;
}

void PipeEndpoint::on_retired(bool) noexcept {
  if (peer_ == nullptr) return;
  PipeEndpoint& other = *std::exchange(peer_, nullptr);
  other.peer_ = nullptr;
  other.lost_ = !output_.empty();
  other.reader_gone();
  other.notify(readiness::readable | readiness::peer_finished);
}

}  // namespace reactord
