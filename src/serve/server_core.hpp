// ServerCore: the contents of a Server: its services, its sessions and their admission.
//
//     Server ---owns---> ServerCore ---> services (listener and handler), sessions, Admission, BufferBudget
//
//     ~Server outside a turn    kill, shut the loop down, retire
//     ~Server within a turn     kill; it goes on alone, and retires once the last session and accept loop have ended
//
// So nothing that runs in the loop refers to a Server that is gone. The timer ends a drain.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "reactord/server.hpp"
#include "serve/admission.hpp"
#include "serve/buffer_budget.hpp"
#include "serve/connection_counts.hpp"
#include "serve/delivery.hpp"
#include "serve/resumed_session.hpp"
#include "serve/service_list.hpp"
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
  bool is_draining() const noexcept { return phase_ != Phase::serving; }  // or killed
  bool is_killed() const noexcept { return phase_ == Phase::killed; }
  OpenWork open_work() const noexcept;
  bool is_serving(const AnyHandler& handler) const noexcept;
  const ConnectionCounts& counts() const noexcept { return counts_; }
  Service* find_listening(ListenerId id) const noexcept;  // null: there is none, or its accept loop has ended
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
  void session_replaced(Session& former, Session& session) noexcept;
  void session_ended(Session& session, EndCause cause);
  SessionTable& sessions() noexcept { return sessions_; }
  SessionOrder& order() noexcept { return order_; }

  std::uint8_t limits_generation() const noexcept { return limits_generation_; }
  Time drain_since() const noexcept { return drain_since_; }  // never: no drain

  // When memory for a connection ran out; before all time if it never did.
  Time ran_out() const noexcept { return ran_out_; }

  Delivery& delivery() noexcept { return delivery_; }

  // Records the session that the loop has resumed from its queue in this dispatch: a stall is attributed to it.
  void resumed(const Session& session) noexcept { resumed_.resumed(session, reactor().dispatch_id()); }

 private:
  enum class Phase : std::uint8_t {
    serving,
    draining,  // nothing new is accepted, and each session ends when all is answered
    killed,    // each session ends at once, also one that begins now
  };

  void on_ready(Readiness) override {
    if (is_draining()) drain_some();
    tell_limits();
  }
  void on_timer() override { kill(); }
  void on_release() override;
  void on_shutdown() override {}
  void on_stall(const Watch* watch, Duration took) override;
  void on_wait_failed(const Error& error) override;

  // The number of sessions that are told of a drain, or of new limits, in one turn.
  static constexpr std::size_t told_per_turn = 256;

  void drain_some();
  void tell_limits();
  Service& single_service(AnyHandler handler, std::string_view protocol);
  void count_accepted(Service& service);
  void report_drained();

  ServerOptions options_;
  Context context_;
  std::unique_ptr<Admission> admission_;
  ServiceList services_;
  std::unordered_map<ListenerId, Service*> listening_;  // the services whose accept loop runs
  SessionTable sessions_;
  SessionOrder order_;
  ResumedSession resumed_;
  Delivery delivery_;
  WatchHandle<BufferBudget> budget_;
  ConnectionCounts counts_;
  std::size_t accepting_ = 0;  // the number of running accept loops
  ListenerId last_listener_ = 0;
  Duration drain_timeout_{0};
  Time drain_since_ = Time::never();
  std::uint8_t limits_generation_ = 0;
  bool begins_to_time_output_ = false;  // applies to the sessions not yet told of the limits
  Time ran_out_ = Time::from_nanoseconds(-1);
  Phase phase_ = Phase::serving;
  bool reported_ = false;   // set when the observer was told that the last connection has ended
  bool abandoned_ = false;  // set when its Server is gone
};

}  // namespace reactord
