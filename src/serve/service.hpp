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

// One of the two.
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
  Listener& listener() noexcept { return *listener_; }  // of one that has it
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
  // Ends a pending accept: its accept loop looks whether it may accept.
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
  const Limits& limits_;  // those of the server
  std::optional<Listener> listener_;
  AnyHandler handler_;
  std::string protocol_;
  SendLimits send_limits_{};
  std::uint64_t last_accept_ = 0;  // what Server::accepted() became by it
  ListenerId id_ = 0;              // 0: it has no listener
  bool stopped_ = false;           // it takes what is in its queue, and no more
  bool has_ended_ = false;         // its accept loop
  bool used_ = true;               // for ServerCore::forget_unused_services()
};

}  // namespace reactord
