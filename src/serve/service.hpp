// Service: a handler of a Server, with the listener whose connections it serves, if it has one.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/endpoint.hpp"
#include "reactord/any_handler.hpp"
#include "reactord/server.hpp"

namespace reactord {

class ServerCore;

SendLimits send_limits_of(const Limits& limits) noexcept;

class Service {
 public:
  Service(ServerCore& server, std::optional<Listener> listener, AnyHandler handler,
          std::string_view protocol);

  static Task<> accept_loop(Service& service);
  std::uint64_t last_accept() const noexcept { return last_accept_; }

  ServerCore& server() const noexcept { return server_; }
  const Limits& limits() const noexcept { return limits_; }
  const SendLimits& send_limits() const noexcept { return send_limits_; }
  Listener& listener() noexcept {  // only for a service with a listener
    assert(listener_);
    return *listener_;
  }
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
  // Used by ServiceList::forget_unused() and ServerCore::is_serving().
  void mark_unless_ended() noexcept { used_ = !has_ended_; }
  void mark_if_accepting() noexcept { used_ = id_ != 0 && !has_ended_; }
  void mark_used() noexcept { used_ = true; }
  bool is_used() const noexcept { return used_; }
  void close() {
    if (listener_) auto closed = listener_->close();
  }
  void limits_changed() noexcept { send_limits_ = send_limits_of(limits()); }
  void one_accepted() noexcept {
    ++counts_.accepted;
    ++counts_.open;
  }
  void one_ended() noexcept {  // one must be open
    assert(counts_.open > 0);
    --counts_.open;
  }
  const ListenerCounts& counts() const noexcept { return counts_; }
  const AnyHandler& handler() const noexcept { return handler_; }
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
  ListenerCounts counts_;          // of its connections, also when it has no listener
  std::uint64_t last_accept_ = 0;  // Server::accepted() after its last accept
  ListenerId id_ = 0;              // 0 when it has no listener
  bool stopped_ = false;           // set when it accepts only the connections in its queue
  bool has_ended_ = false;         // set when its accept loop has ended
  bool used_ = true;               // as marked last
};

}  // namespace reactord
