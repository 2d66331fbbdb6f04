// mask: changes every byte on its way, as a cipher would. A layer over any connection, held to the contract of them all.
#include <algorithm>
#include <array>

#include "conformance/conn_suite.hpp"
#include "reactord/transport.hpp"

namespace {

class MaskTransport final : public reactord::Transport {
 public:
  explicit MaskTransport(reactord::Conn conn) : below_(reactord::as_transport(std::move(conn))) {}

 private:
  static char masked(char byte) noexcept { return static_cast<char>(byte ^ 0x55); }

  void attach(reactord::TransportListener& listener) noexcept override { below_->attach(listener); }
  ssize_t receive(std::span<char> room) noexcept override {
    const ssize_t count = below_->receive(room);
    if (count > 0) std::transform(room.begin(), room.begin() + count, room.begin(), masked);
    return count;
  }
  ssize_t send(std::string_view bytes) noexcept override {
    std::array<char, 4096> piece;
    bytes = bytes.substr(0, piece.size());
    std::transform(bytes.begin(), bytes.end(), piece.begin(), masked);
    return below_->send({piece.data(), bytes.size()});
  }
  int shut_write() noexcept override { return below_->shut_write(); }
  void close() noexcept override { below_->close(); }
  void abort() noexcept override { below_->abort(); }
  std::size_t unsent() const noexcept override { return below_->unsent(); }
  std::size_t unread() noexcept override { return below_->unread(); }
  reactord::Network network() const noexcept override { return below_->network(); }
  reactord::Address local_addr() const override { return below_->local_addr(); }
  reactord::Address remote_addr() const override { return below_->remote_addr(); }

  std::unique_ptr<reactord::Transport> below_;
};

reactord::Conn mask(reactord::Reactor& reactor, reactord::Conn conn) {
  auto masked = reactord::make_conn(reactor, std::make_unique<MaskTransport>(std::move(conn)));
  REQUIRE(masked.has_value());
  return std::move(*masked);
}

struct Masked {
  static constexpr const char* name = "masked";
  static constexpr bool buffers = true, half_close = true, resets = false, in_memory = true;
  static reactord::ConnPair make(reactord::Reactor& reactor) {
    auto [first, second] = reactord::buffered_pipe(reactor);
    return {mask(reactor, std::move(first)), mask(reactor, std::move(second))};
  }
};

}  // namespace

CONN_CONFORMANCE(Masked)
