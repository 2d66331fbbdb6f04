// DescriptorTransport: a transport over descriptors that are no sockets, one to read from and one to write to: two
// pipes(7), the ends of a child process, a serial line twice. For tests, and to begin with.
//
// Each is a Watch, which the Reactor watches for readiness and closes at the end of the turn in which it is let go.
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "reactord/transport.hpp"

namespace test::conformance {

class DescriptorTransport final : public reactord::Transport {
 public:
  // Takes the descriptors, which must be nonblocking: also where it fails.
  static reactord::Result<std::unique_ptr<DescriptorTransport>> make(reactord::Reactor& reactor, int input,
                                                                     int output) {
    auto made = std::unique_ptr<DescriptorTransport>(new DescriptorTransport(reactor, input, output));
    for (End* end : {made->input_.get(), made->output_.get()}) {
      auto added = reactor.add(*end);
      if (!added) return std::unexpected(std::move(added).error());
    }
    return made;
  }

  void attach(reactord::TransportListener& listener) noexcept override { listener_ = &listener; }

  ssize_t receive(std::span<char> room) noexcept override {
    return uninterrupted([&] { return ::read(input_->fd(), room.data(), room.size()); });
  }
  ssize_t send(std::string_view bytes) noexcept override {
    return uninterrupted([&] { return ::write(output_->fd(), bytes.data(), bytes.size()); });
  }
  int shut_write() noexcept override {
    output_.reset();
    return 0;
  }
  void close() noexcept override {
    listener_ = nullptr;
    input_.reset();
    output_.reset();
  }
  std::size_t unsent() const noexcept override { return output_ == nullptr ? 0 : held_by(*output_); }
  std::size_t unread() noexcept override { return held_by(*input_); }
  reactord::Network network() const noexcept override { return reactord::Network::pipe; }
  reactord::Address local_addr() const override { return reactord::Address::pipe(); }
  reactord::Address remote_addr() const override { return reactord::Address::pipe(); }

 private:
  class End final : public reactord::Watch {
   public:
    End(reactord::Reactor& reactor, int fd, reactord::TransportListener*& listener) noexcept
        : Watch(reactor, fd), listener_(&listener) {}

   private:
    void on_ready(reactord::Readiness) override {
      namespace readiness = reactord::readiness;
      if (*listener_ != nullptr) (*listener_)->notify(readiness::readable | readiness::writable);
    }
    void on_release() override { reactor().retire(*this); }
    void on_shutdown() override { reactor().retire(*this); }

    reactord::TransportListener** listener_;  // of the transport, which lets go of this before it ends
  };

  DescriptorTransport(reactord::Reactor& reactor, int input, int output)
      : input_(new End(reactor, input, listener_)), output_(new End(reactor, output, listener_)) {}

  template <typename Call>
  static ssize_t uninterrupted(Call call) noexcept {
    while (true) {
      const ssize_t result = call();
      if (result >= 0) return result;
      if (errno != EINTR) return -errno;
    }
  }
  static std::size_t held_by(const End& end) noexcept {
    int bytes = 0;
    return ::ioctl(end.fd(), FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
  }

  reactord::TransportListener* listener_ = nullptr;
  reactord::WatchHandle<End> input_, output_;
};

}  // namespace test::conformance
