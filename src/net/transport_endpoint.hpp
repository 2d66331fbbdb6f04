// TransportEndpoint: an Endpoint over a Transport of the user's.
#pragma once

#include <memory>

#include "net/endpoint.hpp"
#include "reactord/transport.hpp"

namespace reactord {

class TransportEndpoint final : public Endpoint, private TransportListener {
 public:
  TransportEndpoint(Reactor& reactor, std::unique_ptr<Transport> transport);

  void attach() noexcept { transport_->attach(*this); }

 private:
  // The verbs of carrier.hpp.
  ssize_t receive(char* bytes, std::size_t count) noexcept override;
  ssize_t send(const char* bytes, std::size_t count) noexcept override;
  ssize_t send_gathered(const iovec* parts, std::size_t count) noexcept override;
  std::size_t unreceived() const noexcept override;
  int shut_read() noexcept override { return 0; }
  int shut_write() noexcept override;
  std::size_t unacknowledged() const noexcept override;
  Address find_local_address() const override { return transport_->local_addr(); }
  bool lingers() const noexcept override { return false; }
  bool ends_by_closing() const noexcept override { return false; }
  void on_retired(bool in_order) noexcept override;

  void notify(Readiness news) noexcept override;
  void on_ready(Readiness readiness) override;

  std::unique_ptr<Transport> transport_;
  Readiness told_ = 0;  // the news that the loop has not seen yet
};

}  // namespace reactord
