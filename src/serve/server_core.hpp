// ServerCore: the contents of a Server: its services, its sessions and their admission.
//
//     Server ---owns---> ServerCore ---> services (listener and handler), sessions, Admission, BufferBudget
//
//     ~Server outside a turn    kill, shut the loop down, retire
//     ~Server within a turn     kill; it goes on alone, and retires once the last session and accept loop have ended
//
// So nothing that runs in the loop refers to a Server that is gone. The timer ends a drain.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reactord/server.hpp"
#include "serve/admission.hpp"
#include "serve/buffer_budget.hpp"
#include "serve/delivery.hpp"
#include "serve/session.hpp"

namespace reactord {

class ServerCore final : public Watch, ReactorObserver {
 public:
  ServerCore(Reactor& reactor, ServerOptions options);
  ~ServerCore() { reactor().forget(*this); }

  // The functions of Server by the same names.
  Result<Address> listen_at(std::string_view address, AnyHandler handler, std::string_view protocol);
  ListenerId listen_on(Listener listener, AnyHandler handler, std::string_view protocol);
  void stop_listening(ListenerId id);
  bool resume_listening(ListenerId id);
  bool is_reachable(ListenerId id) const;
  Result<void> set_socket_file(ListenerId id, const SocketFileOptions& options);
  ListenerId change_handler(ListenerId id, AnyHandler handler, std::string_view protocol);
  void set_limits(const Limits& limits);
  void serve(Conn conn, AnyHandler handler, std::string_view protocol);
  void drain(Duration timeout);
  void kill();
  bool is_draining() const noexcept { return draining_; }
  bool is_killed() const noexcept { return killed_; }
  OpenWork open_work() const noexcept;
  std::size_t open_connections() const noexcept { return open_; }
  std::uint64_t accepted() const noexcept { return accepted_; }
  std::uint64_t ended(EndCause cause) const noexcept { return ended_[static_cast<std::size_t>(cause)]; }
  bool check() const noexcept;

  // ---- For its services and its admission.

  Admission& admission() noexcept { return *admission_; }
  const Limits& limits() const noexcept { return options_.limits; }
  ServerObserver* observer() const noexcept { return options_.observer; }  // null: none
  Context& context() noexcept { return context_; }  // the parent of every handler's context; done at a drain
  void admit(Service& service, Conn conn);
  void begin_session(Service& service, Conn conn, Begin begin);  // counted before
  void no_memory_for(Service& service, const Address& remote);   // counted before
  void count_places();                                           // counts each connection that takes a place
  void interrupt_listeners() noexcept;
  void accept_loop_ended(Service& service, const Error* failure);  // null: the listener was closed

  // ---- For its sessions.

  void session_began(Session& session) noexcept;
  void session_ended(Session& session, EndCause cause);
  SessionTable& sessions() noexcept { return sessions_; }

  std::uint8_t limits_generation() const noexcept { return limits_generation_; }
  Time drain_since() const noexcept { return drain_since_; }  // never: no drain

  // When memory for a connection ran out; before all time if it never did.
  Time ran_out() const noexcept { return ran_out_; }

  Delivery& delivery() noexcept { return delivery_; }

  // Records the session that the loop has resumed from its queue in this dispatch: a stall is attributed to it.
  void resumed(const Session& session) noexcept {
    queued_ = &session;
    queued_dispatch_ = reactor().dispatch_id();
  }

 private:
  void on_ready(Readiness) override {
    if (draining_) drain_some();
    tell_limits();
  }
  void on_timer() override { kill(); }
  void on_release() override;
  void on_shutdown() override {}
  void on_stall(const Watch* watch, Duration took) override;
  void on_wait_failed(const Error& error) override;

  static constexpr std::size_t least_services = 16;

  // The number of sessions that are told of a drain, or of new limits, in one turn.
  static constexpr std::size_t told_per_turn = 1024;

  void drain_some();
  void tell_limits();
  Service* find_listening(ListenerId id) const;  // null when there is none, or its accept loop has ended
  void forget_unused_services();
  Service& single_service(AnyHandler handler, std::string_view protocol);
  void count_accepted();
  void report_drained();

  ServerOptions options_;
  Context context_;
  std::unique_ptr<Admission> admission_;
  std::vector<std::unique_ptr<Service>> services_;
  std::size_t most_services_ = least_services;          // the number at which unused ones are looked for
  std::unordered_map<ListenerId, Service*> listening_;  // the services whose accept loop runs
  SessionTable sessions_;
  // The session that the loop has last resumed from its queue. Null when it is gone.
  const Session* queued_ = nullptr;
  std::uint64_t queued_dispatch_ = 0;
  Delivery delivery_;
  Owned<BufferBudget> budget_;
  std::size_t open_ = 0;
  std::size_t accepting_ = 0;  // the number of running accept loops
  ListenerId last_listener_ = 0;
  std::uint64_t accepted_ = 0;
  std::array<std::uint64_t, end_causes> ended_{};
  Duration drain_timeout_{0};
  Time drain_since_ = Time::never();
  std::uint8_t limits_generation_ = 0;
  bool begins_to_watch_output_ = false;  // applies to the sessions not yet told of the limits
  Time ran_out_ = Time::from_nanoseconds(-1);
  bool draining_ = false;
  bool killed_ = false;
  bool reported_ = false;
  bool abandoned_ = false;  // set when its Server is gone
};

}  // namespace reactord
