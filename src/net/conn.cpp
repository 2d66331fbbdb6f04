#include "reactord/conn.hpp"

#include <utility>

#include "net/endpoint.hpp"

namespace reactord {

Conn::Conn(WatchHandle<Endpoint> endpoint) noexcept : endpoint_(std::move(endpoint)) {}
Conn::Conn(Conn&&) noexcept = default;
Conn& Conn::operator=(Conn&&) noexcept = default;
Conn::~Conn() = default;

ReadOperation Conn::read(std::span<char> into) & noexcept { return {*endpoint_, into}; }
ReadOperation Conn::read(Buffer& into) & noexcept { return {*endpoint_, into}; }
WriteOperation<0> Conn::flush() & noexcept { return {*endpoint_, 0, {}}; }
WriteOperation<0> Conn::wait_writable() & noexcept { return {*endpoint_, PendingWrite::until_low, {}}; }
void Conn::send_now() noexcept { endpoint_->send_output(); }
GatherOperation Conn::write_gathered(std::span<std::string_view> parts) & noexcept {
  return {*endpoint_, PendingWrite::until_low, parts};
}
FinishOperation Conn::finish() & noexcept { return FinishOperation(*endpoint_); }

Result<void> Conn::close() { return endpoint_->close(); }
void Conn::abort() noexcept { endpoint_->abort(); }
Result<void> Conn::close_read() { return endpoint_->close_read(); }
void Conn::finish_reading() noexcept { endpoint_->finish_reading(); }
Result<void> Conn::close_write() { return endpoint_->close_write(); }

Result<void> Conn::set_deadline(Time deadline) { return endpoint_->set_deadlines(deadline, true, true); }
Result<void> Conn::set_read_deadline(Time deadline) {
  return endpoint_->set_deadlines(deadline, true, false);
}
Result<void> Conn::set_write_deadline(Time deadline) {
  return endpoint_->set_deadlines(deadline, false, true);
}

void Conn::set_context(Context* context) { endpoint_->set_context(context); }
bool Conn::is_closed() const noexcept { return endpoint_->is_closed(); }
Network Conn::network() const noexcept { return endpoint_->network(); }
Address Conn::local_addr() const { return endpoint_->local_address(); }
const Address& Conn::remote_addr() const noexcept { return endpoint_->remote_address(); }
Reactor& Conn::reactor() const noexcept { return endpoint_->reactor(); }
std::size_t Conn::unsent() const noexcept { return endpoint_->unsent(); }
std::size_t Conn::unread() const noexcept { return endpoint_->unread(); }
std::uint64_t Conn::bytes_read() const noexcept { return endpoint_->bytes_read(); }
std::uint64_t Conn::bytes_written() const noexcept { return endpoint_->bytes_written(); }
Time Conn::last_activity() const noexcept { return endpoint_->last_activity(); }

bool ReadOperation::await_ready() noexcept { return endpoint_.begin_read(*this); }
bool PendingWrite::await_ready() noexcept { return endpoint_.begin_write(*this); }
bool ConnectOperation::await_ready() noexcept { return endpoint_.begin_connect(*this); }
bool FinishOperation::await_ready() noexcept { return endpoint_.begin_finish(*this); }

// How many bytes are left, if no more than `limit`; else, or where it takes too many parts to say, more than that.
std::size_t PendingWrite::left(std::size_t limit) const noexcept {
  if (part_count_ > Conn::parts_per_turn) return limit + 1;
  std::size_t bytes = 0;
  for (std::size_t part = 0; part < part_count_ && bytes <= limit; ++part) bytes += parts_[part].size();
  return bytes;
}

// Whole parts leave the front, so that the next send does not look at them again: no more than `most_parts`.
void PendingWrite::drop_sent(std::size_t count, std::size_t most_parts) noexcept {
  for (; most_parts > 0 && count >= parts_->size(); --most_parts) {
    count -= parts_->size();
    drop_part();
  }
  if (count > 0) parts_->remove_prefix(count);
}

Result<std::size_t> IoOperation::result(const char* operation) const {
  if (failure_ == 0) [[likely]]
    return count_;
  return std::unexpected(endpoint_.error(operation, failure_));
}

Result<void> FinishOperation::await_resume() const {
  if (failure_ == 0) return {};
  return std::unexpected(endpoint_.error("close", failure_));
}

}  // namespace reactord
