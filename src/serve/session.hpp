// Session: one live connection of a Server, from its accept to its line in the log. Service: a handler of a Server, with
// the listener whose connections it serves, if it has one.
//
// A session owns its connection. A stream's lives in the frame of the coroutine that serves it; a line session and a
// rejection are objects that delete themselves at their end.
#pragma once

#include <optional>
#include <string>

#include "net/endpoint.hpp"
#include "reactord/server.hpp"

namespace reactord {

Limits within_reason(Limits limits) noexcept;  // as limits.hpp says
SendLimits send_limits_of(const Limits& limits) noexcept;

class Service {
 public:
  Service(Server& server, std::optional<Listener> listener, LineHandler* lines, StreamHandler* stream,
          std::string_view protocol)
      : server_(server), listener_(std::move(listener)), lines_(lines), stream_(stream), protocol_(protocol) {
    limits_changed();
  }

  static Task<> accept_loop(Service& service);
  std::uint64_t last_accept() const noexcept { return last_accept_; }

  Server& server() const noexcept { return server_; }
  const ServerOptions& options() const noexcept { return server_.options_; }
  const Limits& limits() const noexcept { return server_.options_.limits; }
  const SendLimits& send_limits() const noexcept { return send_limits_; }
  Duration idle_timeout() const noexcept { return idle_timeout_; }  // the longest one there is for none
  Listener& listener() noexcept { return *listener_; }              // of one that has it
  Context& context() const noexcept { return server_.context_; }
  bool serves_lines() const noexcept { return lines_ != nullptr; }
  bool is_single(const LineHandler* lines, const StreamHandler* stream,
                 std::string_view protocol) const noexcept {
    return !listener_ && lines_ == lines && stream_ == stream && protocol_ == protocol;
  }
  void drain() noexcept {
    if (listener_) listener_->drain();
  }
  // Accepts nothing, a pending accept included, until it is let go.
  void hold(bool on) {
    if (listener_) auto set = listener_->set_deadline(on ? Time::past() : Time::never());
  }
  void mark_used() noexcept { used_ = true; }
  void close() {
    if (listener_) auto closed = listener_->close();
  }
  void limits_changed() noexcept {
    send_limits_ = send_limits_of(limits());
    idle_timeout_ = limits().idle_timeout > 0ns ? limits().idle_timeout : Duration::max();
  }
  LineHandler& lines() const noexcept { return *lines_; }
  StreamHandler& stream() const noexcept { return *stream_; }
  const std::string& protocol() const noexcept { return protocol_; }

 private:
  friend class Server;
  static Task<> wait_at_gate(Service& service);

  Server& server_;
  std::optional<Listener> listener_;
  LineHandler* lines_;  // one of the two
  StreamHandler* stream_;
  std::string protocol_;
  SendLimits send_limits_{};
  Duration idle_timeout_{};
  std::uint64_t last_accept_ = 0;  // what Server::accepted() became by it
  ListenerId id_ = 0;              // 0: it has no listener
  bool has_ended_ = false;         // its accept loop
  bool used_ = true;               // for Server::forget_unused_services()
};

class Session {
 public:
  Session(Service& service, Conn conn);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  virtual void
  drain() noexcept = 0;  // end once everything received by now is answered; may have no effect yet
  void kill() noexcept {
    killed_ = true;
    conn_.abort();
  }

  Session* next() const noexcept { return next_; }  // among those of its server
  const Watch& served_by() const noexcept { return *conn_.endpoint_; }

  // Bytes of storage that its buffers hold. evict(): give them back, now, whatever becomes of the connection.
  virtual std::size_t buffered() const noexcept = 0;
  virtual void evict() noexcept = 0;

 protected:
  ~Session() = default;
  Service& service() const noexcept { return service_; }
  Server& server() const noexcept { return service_.server(); }
  Conn& conn() noexcept { return conn_; }
  const Conn& conn() const noexcept { return conn_; }
  Endpoint& endpoint() noexcept { return *conn_.endpoint_; }
  bool is_draining() const noexcept { return server().is_draining(); }
  bool has_lifetime() const noexcept { return service_.limits().lifetime > 0ns; }
  bool limits_have_changed() const noexcept { return server().limits_changed_ >= began_; }  // since it began
  Time lifetime_end() const noexcept;  // of a session that has one, its jitter included
  std::size_t output_capacity() const noexcept { return conn_.endpoint_->output().capacity(); }
  void report_limit(std::string_view limit, std::string_view action);  // as in LimitReached
  void
  runs() noexcept;  // in this dispatch, and not because its descriptor was ready: a stall will be its own

  // Counts and reports the end. The last thing a session does. `limit` as in ConnectionEnd.
  void ended(EndCause cause, int error, std::uint64_t lines, std::string_view limit = {});

 private:
  friend class Server;
  virtual bool takes_place() const noexcept { return true; }  // of Limits::connections

  Service& service_;
  Conn conn_;
  Time began_;
  Session* next_ = nullptr;
  Session* previous_ = nullptr;

 protected:
  bool killed_ = false;
};

// What the failure of an operation (as in IoOperation) says about the end of its connection.
EndCause cause_of(int failure) noexcept;

void serve_lines(Service& service, Conn conn);  // begins; it ends by itself
Task<> serve_stream(Service& service, Conn conn);

}  // namespace reactord
