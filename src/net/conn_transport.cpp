// ConnTransport: a Conn as the transport below another one.
#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "net/endpoint.hpp"
#include "reactord/transport.hpp"

namespace reactord {

class ConnTransport final : public Transport, private EndpointListener {
 public:
  ConnTransport(Conn conn, Buffer received)
      : endpoint_(std::move(conn.endpoint_)), received_(std::move(received)) {
    assert(!endpoint_->is_closed() && !endpoint_->has_pending());
    endpoint_->set_context(nullptr);
    [[maybe_unused]] const auto cleared = endpoint_->set_deadlines(Time::never(), true, true);
    endpoint_->set_listener(this);
  }
  ~ConnTransport() override { close(); }

  void attach(TransportListener& listener) noexcept override { above_ = &listener; }

  ssize_t receive(std::span<char> room) noexcept override {
    if (!received_.empty()) return take_received(room);
    const ssize_t received = endpoint_->receive_now(room);
    receive_waits_ = received == -EAGAIN;
    return received;
  }

  ssize_t send(std::string_view bytes) noexcept override {
    const ssize_t sent = endpoint_->send_now(bytes);
    send_waits_ = sent == -EAGAIN || (sent > 0 && static_cast<std::size_t>(sent) < bytes.size());
    return sent;
  }

  int shut_write() noexcept override {
    if (endpoint_->write_failure() != 0) return -endpoint_->write_failure();
    if (endpoint_->is_closed()) return -EPIPE;
    endpoint_->end_writing();
    return 0;
  }

  void close() noexcept override { let_go(); }
  void abort() noexcept override {
    if (endpoint_ != nullptr) endpoint_->abort();
    let_go();
  }

  std::size_t unsent() const noexcept override { return endpoint_->undelivered(); }
  std::size_t unread() noexcept override { return received_.size() + endpoint_->unread(); }
  Network network() const noexcept override { return endpoint_->network(); }
  Address local_addr() const override { return endpoint_->local_address(); }
  Address remote_addr() const override { return endpoint_->remote_address(); }

 private:
  void on_buffered() noexcept override {}
  void on_look() noexcept override {}
  void on_given_up() noexcept override { on_ready(); }

  // A send waits for as much room as a write.
  void on_ready() noexcept override {
    const bool ended = endpoint_->is_closed();
    Readiness news = 0;
    if (receive_waits_ && (ended || endpoint_->is_readable())) news |= readiness::readable;
    if (send_waits_ && (ended || endpoint_->unsent() <= Conn::low_watermark)) news |= readiness::writable;
    if (news == 0 || above_ == nullptr) return;
    receive_waits_ = receive_waits_ && (news & readiness::readable) == 0;
    send_waits_ = send_waits_ && (news & readiness::writable) == 0;
    above_->notify(news);
  }

  ssize_t take_received(std::span<char> room) noexcept {
    const std::string_view taken = received_.view().substr(0, room.size());
    std::ranges::copy(taken, room.begin());
    received_.consume(taken.size());
    return static_cast<ssize_t>(taken.size());
  }

  void let_go() noexcept {
    if (endpoint_ == nullptr) return;
    received_.clear();
    endpoint_->set_listener(nullptr);
    endpoint_.reset();
  }

  WatchHandle<Endpoint> endpoint_;
  Buffer received_;  // read before it came to lie here
  TransportListener* above_ = nullptr;
  bool receive_waits_ = false;  // receive() has returned -EAGAIN, and no notify() has followed yet
  bool send_waits_ = false;
};

std::unique_ptr<Transport> as_transport(Conn conn, Buffer received) {
  return std::make_unique<ConnTransport>(std::move(conn), std::move(received));
}

}  // namespace reactord
