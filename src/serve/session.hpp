// Session: one live connection of a Server, from its accept to its line in the log. Service: a handler of a Server, with
// the listener whose connections it serves, if it has one.
//
// A session owns its connection. It exists, and its server knows it, once the call that made it has returned: between a
// connection that is counted and one that is listed there is no moment. It ends by itself.
#pragma once

#include <optional>
#include <string>

#include "net/endpoint.hpp"
#include "reactord/server.hpp"
#include "serve/client_clock.hpp"
#include "serve/end_facts.hpp"
#include "serve/session_table.hpp"

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

class Session {
 public:
  Session(Service& service, Conn conn);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // End once everything received by now is answered; may have no effect yet.
  void begin_drain() noexcept {
    is_told_to_drain_ = true;
    drain();
  }
  bool is_told_to_drain() const noexcept { return is_told_to_drain_; }
  void kill() noexcept;
  virtual void count_work(OpenWork&) const noexcept {}  // of this one, but for what is unsent

  const Watch& served_by() const noexcept { return *conn_.endpoint_; }

  // Bytes of storage that its buffers hold. evict(): give them back, now, whatever becomes of the connection.
  virtual std::size_t buffered() const noexcept = 0;
  virtual void evict() noexcept = 0;
  // It waits, with so much in its buffers. To be called wherever it begins to, with more or with less than before.
  void holds(std::size_t bytes) noexcept;
  void holds() noexcept { holds(buffered()); }
  bool is_listed() const noexcept { return held_ != 0; }  // as one that holds something

 protected:
  ~Session() = default;
  Service& service() const noexcept { return service_; }
  ServerCore& server() const noexcept { return service_.server(); }
  Conn& conn() noexcept { return conn_; }
  const Conn& conn() const noexcept { return conn_; }
  Endpoint& endpoint() noexcept { return *conn_.endpoint_; }
  bool is_draining() const noexcept;
  const Limits& limits_now() const noexcept { return service_.limits(); }
  // Since when it is there, and since when the server drains. The rest is the session's own.
  ClientClock clock() const noexcept;
  std::size_t output_capacity() const noexcept { return conn_.endpoint_->output().capacity(); }
  // As they are now, after Conn::finish(). `in_line`: a line has begun and not ended.
  EndFacts end_facts(EndCause decided, int finish_failure, bool in_line) const noexcept;
  void report_limit(std::string_view limit, std::string_view action);  // as in LimitReached

  // For a catch block around what a handler does: tells the observer, and what the end of the connection is to be.
  // Memory that has run out is a limit, over_limit; anything else is an error.
  EndCause handler_threw() noexcept;

  // Counts and reports the end. The last thing a session does. `limit` as in ConnectionEnd.
  void ended(const EndFacts& facts, std::uint64_t lines, std::string_view limit = {});

 private:
  friend class ServerCore;
  friend class SessionTable;
  virtual void drain() noexcept = 0;
  virtual bool takes_place() const noexcept { return true; }  // of Limits::connections
  virtual void limits_changed() noexcept {}                   // it may be due before it thought it was

  Service& service_;
  Conn conn_;
  Time began_;
  Session* next_ = nullptr;
  Session* previous_ = nullptr;
  SessionTable::Measure held_ = 0;

 protected:
  bool killed_ : 1 = false;

 private:
  bool is_told_to_drain_ : 1 = false;
};

// When a session that has just been made does its first work: now, or in the loop's own time, for a caller that may be
// called by a handler.
enum class Begin : std::uint8_t { now, later };

void begin_lines(Service& service, Conn conn, Begin begin);
void begin_stream(Service& service, Conn conn);  // always later

}  // namespace reactord
