#include "protocols/programs/process_transport.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/system.hpp"

namespace reactord {

class ProcessTransport::Stream final : public Watch {
 public:
  Stream(Reactor& reactor, FileDescriptor fd, TransportListener*& above) noexcept
      : Watch(reactor, fd.release()), above_(above) {}

 private:
  void on_ready(Readiness) override {
    if (above_ != nullptr) above_->notify(readiness::readable | readiness::writable);
  }
  void on_release() override { reactor().retire(*this); }
  void on_shutdown() override { reactor().retire(*this); }

  TransportListener*& above_;  // of the transport, which lets go of this before it ends
};

ProcessTransport::ProcessTransport(Reactor& reactor, FileDescriptor input, FileDescriptor output,
                                   Listener* listener)
    : listener_(listener),
      input_(new Stream(reactor, std::move(input), above_)),
      output_(new Stream(reactor, std::move(output), above_)) {}

ProcessTransport::~ProcessTransport() = default;

Result<std::unique_ptr<ProcessTransport>> ProcessTransport::make(Reactor& reactor, FileDescriptor input,
                                                                 FileDescriptor output, Listener* listener) {
  try {
    std::unique_ptr<ProcessTransport> made(
        new ProcessTransport(reactor, std::move(input), std::move(output), listener));
    for (Stream* stream : {made->input_.get(), made->output_.get()}) {
      auto added = reactor.add(*stream);
      if (!added) return std::unexpected(std::move(added).error());
    }
    return made;
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error::from_errno(ENOMEM));
  }
}

void ProcessTransport::process_ended() noexcept {
  if (state_ == Output::goes_on) state_ = Output::rest;
  if (above_ != nullptr) above_->notify(readiness::readable);
}

// A terminal that nobody has open any more fails with EIO, once all was read.
ssize_t ProcessTransport::receive(std::span<char> room) noexcept {
  if (state_ == Output::ended) return 0;
  const std::size_t most = state_ == Output::rest ? std::min(room.size(), rest_) : room.size();
  const ssize_t count = most == 0 ? 0 : system::read(output_->fd(), room.data(), most);
  if (count > 0) {
    if (state_ == Output::rest) rest_ -= static_cast<std::size_t>(count);
    return count;
  }
  if (count == 0 || count == -EIO || (count == -EAGAIN && state_ == Output::rest)) {
    state_ = Output::ended;
    return 0;
  }
  return count;
}

ssize_t ProcessTransport::send(std::string_view bytes) noexcept {
  const ssize_t count = system::write(input_->fd(), bytes.data(), bytes.size());
  if (count > 0 && listener_ != nullptr) std::exchange(listener_, nullptr)->on_first_input();
  return count;
}

int ProcessTransport::shut_write() noexcept {
  input_.reset();
  return 0;
}

void ProcessTransport::close() noexcept {
  above_ = nullptr;
  input_.reset();
  output_.reset();
}

std::size_t ProcessTransport::unsent() const noexcept {
  return input_ == nullptr ? 0 : system::unread_bytes(input_->fd());
}

std::size_t ProcessTransport::unread() noexcept { return system::unread_bytes(output_->fd()); }

}  // namespace reactord
