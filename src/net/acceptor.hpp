// Acceptor: the listening socket and the accept loop of a Listener.
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
  // For a socket that was opened elsewhere: the socket goes on listening, and its file stays, for the next owner.
  void adopt(const Address& address);
  Network network() const noexcept { return network_; }
  Error error(const char* operation, int failure) const;
  const Address& local_address() const noexcept { return address_; }
  std::uint64_t pauses() const noexcept { return pauses_; }

 private:
  enum class Verdict : std::uint8_t { skip, pause, fail };
  Verdict verdict_on(int number) noexcept;

  void on_ready(Readiness readiness) override;
  void on_timer() override;
  void arm_timer() noexcept;
  void fail_pending(ErrorCode code) noexcept;
  void on_release() override { end(); }
  void on_shutdown() override { end(); }

  bool continue_accept(AcceptOperation& operation);
  bool hand_over(AcceptOperation& operation);
  bool lets_in(const Endpoint& accepted) const noexcept;
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
  std::uint32_t failures_ = 0;    // unexpected ones, in a row
  std::uint32_t drain_left_ = 0;  // accepts left while draining: as many as fit into the kernel's queue
  AcceptOperation* pending_ = nullptr;
  WatchHandle<Endpoint> unregistered_;  // accepted, but epoll had no room: it is handed out first
  struct FreeStorage {
    void operator()(void* storage) const noexcept { ::operator delete(storage); }
  };
  std::unique_ptr<void, FreeStorage> room_;  // for the Endpoint of the next connection
  Time deadline_ = Time::never();
  Time pause_end_;  // while paused
  Duration pause_{0};
  std::uint64_t pauses_ = 0;
  Address address_;
  UnixPath path_;
  ListenOptions options_;
};

}  // namespace reactord
