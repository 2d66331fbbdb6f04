// Acceptor: what a Listener points to: a listening socket and its accept loop.
#pragma once

#include "net/endpoint.hpp"
#include "net/unix_path.hpp"
#include "reactord/listener.hpp"

namespace reactord {

class Acceptor final : public Watch {
 public:
  Acceptor(Reactor& reactor, int fd, Network network, UnixPath path, ListenOptions options);

  bool begin_accept(AcceptOperation& operation);  // true when it has completed
  void drain() noexcept;
  bool resume() noexcept;
  Result<void> set_file(const SocketFileOptions& options) const noexcept;
  void interrupt() noexcept { fail_pending(ErrorCode::interrupted); }
  bool is_reachable() const noexcept;
  Result<void> close();
  Result<void> set_deadline(Time deadline);
  void set_unlink_on_close(bool on) noexcept { unlink_on_close_ = on; }
  void adopt(
      const Address& address);  // somebody else has made the socket, and its file: both stay, for their next
                                // owner
  Network network() const noexcept { return network_; }
  Error error(const char* operation, int failure) const;
  const Address& local_address() const noexcept { return address_; }
  std::uint64_t pauses() const noexcept { return pauses_; }

 private:
  enum class Verdict : std::uint8_t { skip, pause, fail };
  Verdict judge(int number) noexcept;

  void on_ready(Readiness readiness) override;
  void on_timer() override;
  void arm_timer() noexcept;
  void fail_pending(ErrorCode code) noexcept;
  void on_release() override { end(); }
  void on_shutdown() override { end(); }

  bool continue_accept(AcceptOperation& operation);
  bool hand_over(AcceptOperation& operation);
  bool has_room() noexcept;
  void pause(const Error& error);
  bool within_budget() noexcept;
  void end() noexcept;

  bool ready_ = false;
  bool paused_ = false;
  bool draining_ = false;
  bool unlink_on_close_ = true;
  bool adopted_ = false;
  Network network_;
  std::uint32_t budget_turn_ = 0;
  std::uint32_t budget_spent_ = 0;
  std::uint32_t skipped_ = 0;     // in a row
  std::uint32_t failures_ = 0;    // in a row, of those that nobody expects
  std::uint32_t drain_left_ = 0;  // while draining: no more than fit into the kernel's queue
  AcceptOperation* pending_ = nullptr;
  Owned<Endpoint> unregistered_;  // accepted, and epoll would not take it: it comes first once there is room
  struct FreeStorage {
    void operator()(void* storage) const noexcept { ::operator delete(storage); }
  };
  std::unique_ptr<void, FreeStorage> room_;  // for the Endpoint of whoever is accepted next
  Time deadline_ = Time::never();
  Time pause_end_;  // while paused
  Duration pause_{0};
  std::uint64_t pauses_ = 0;
  Address address_;
  UnixPath path_;
  ListenOptions options_;
};

}  // namespace reactord
