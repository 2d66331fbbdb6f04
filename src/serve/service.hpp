// Service: a handler of a Server, with the listener whose connections it serves, if it has one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/endpoint.hpp"
#include "reactord/server.hpp"

namespace reactord {

class ServerCore;

SendLimits send_limits_of(const Limits& limits) noexcept;

// Exactly one is set.
struct AnyHandler {
  LineHandler* lines = nullptr;
  StreamHandler* stream = nullptr;
  bool operator==(const AnyHandler&) const = default;
};

class Service {
 public:
  Service(ServerCore& server, std::optional<Listener> listener, AnyHandler handler,
          std::string_view protocol);

  static Task<> accept_loop(Service& service);
  std::uint64_t last_accept() const noexcept { return last_accept_; }

  ServerCore& server() const noexcept { return server_; }
  const Limits& limits() const noexcept { return limits_; }
  const SendLimits& send_limits() const noexcept { return send_limits_; }
  Listener& listener() noexcept { return *listener_; }  // only for a service with a listener
  bool serves_lines() const noexcept { return handler_.lines != nullptr; }
  bool is_single(const AnyHandler& handler, std::string_view protocol) const noexcept {
    return !listener_ && handler_ == handler && protocol_ == protocol;
  }
  void drain() noexcept {
    if (listener_) listener_->drain();
  }
  void stop() noexcept {
    stopped_ = true;
    drain();
  }
  bool resume() noexcept {
    if (!listener_ || !listener_->resume()) return false;
    stopped_ = false;
    return true;
  }
  bool is_listening() const noexcept { return listener_.has_value() && !stopped_ && !has_ended_; }
  // Ends a pending accept, so that the accept loop checks whether it may accept.
  void interrupt() noexcept {
    if (listener_) listener_->interrupt();
  }
  void mark_used() noexcept { used_ = true; }
  void close() {
    if (listener_) auto closed = listener_->close();
  }
  void limits_changed() noexcept { send_limits_ = send_limits_of(limits()); }
  LineHandler& lines() const noexcept { return *handler_.lines; }
  StreamHandler& stream() const noexcept { return *handler_.stream; }
  const std::string& protocol() const noexcept { return protocol_; }

 private:
  friend class ServerCore;
  static Task<> wait_at_gate(Service& service);

  ServerCore& server_;
  const Limits& limits_;  // the server's limits
  std::optional<Listener> listener_;
  AnyHandler handler_;
  std::string protocol_;
  SendLimits send_limits_{};
  std::uint64_t last_accept_ = 0;  // Server::accepted() after its last accept
  ListenerId id_ = 0;              // 0 when it has no listener
  bool stopped_ = false;           // set when it accepts only the connections in its queue
  bool has_ended_ = false;         // set when its accept loop has ended
  bool used_ = true;               // used by ServerCore::forget_unused_services()
};

}  // namespace reactord
