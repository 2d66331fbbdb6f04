// Session: one live connection of a Server, from its accept to its line in the log.
//
// A session owns its connection. Its server lists it before the call that made it returns: so no moment lies between
// counting a connection and listing it. It deletes itself at its end.
#pragma once

#include <memory>

#include "net/endpoint.hpp"
#include "reactord/connection_walk.hpp"
#include "reactord/line_connection.hpp"
#include "reactord/server.hpp"
#include "serve/client_clock.hpp"
#include "serve/end_facts.hpp"
#include "serve/service.hpp"
#include "serve/session_order.hpp"
#include "serve/session_table.hpp"

namespace reactord {

class ServerCore;

// When a push is sent, if nothing waits in front of it.
enum class PushTime : std::uint8_t {
  now,          // what the kernel takes is not copied
  end_of_turn,  // in one piece with all that is written until then
};

class Session : SessionPlace {
 public:
  Session(Service& service, Conn conn);
  explicit Session(
      Session& former);  // takes over its connection: `former` must be deleted without report_end()
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ends the session once everything received by now is answered; may have no effect yet.
  void begin_drain() noexcept {
    is_told_to_drain_ = true;
    drain();
  }
  bool is_told_to_drain() const noexcept { return is_told_to_drain_; }
  // Limits have generations, which tell whether a session has been told of the latest.
  static constexpr std::uint8_t limits_generations = 64;
  bool knows_limits(std::uint8_t generation) const noexcept { return limits_known_ == generation; }
  void learn_limits(std::uint8_t generation) noexcept {
    limits_known_ = generation % limits_generations;
    limits_changed();
  }
  void kill() noexcept;
  virtual void count_work(OpenWork&) const noexcept {}  // excludes unsent output
  const Conn& connection() const noexcept { return conn_; }
  std::uint64_t number() const noexcept { return number_; }
  OpenConnection describe() const noexcept;

  // LineConnection's verbs. A session in which its object has nothing to end takes no notice of close().
  virtual bool push(std::string_view bytes, Overflow overflow, PushTime when) noexcept;
  virtual void close() noexcept {}

  const Watch& served_by() const noexcept { return *conn_.endpoint_; }

  // The bytes of storage that its buffers hold. evict() releases them now and ends the connection.
  virtual std::size_t buffered() const noexcept = 0;
  virtual void evict() noexcept = 0;
  // Reports that it waits with `bytes` in its buffers. Called wherever a wait begins with more or less than before.
  void holds(std::size_t bytes) noexcept;
  void holds() noexcept { holds(buffered()); }
  bool is_listed() const noexcept { return held_ != 0; }  // true when it holds any bytes

 protected:
  ~Session() = default;
  Service& service() const noexcept { return service_; }
  ServerCore& server() const noexcept { return service_.server(); }
  Conn& conn() noexcept { return conn_; }
  const Conn& conn() const noexcept { return conn_; }
  Endpoint& endpoint() noexcept { return *conn_.endpoint_; }
  bool is_draining() const noexcept;
  // Its accept and the beginning of the drain are set. The derived session sets the rest.
  ClientClock clock() const noexcept;
  // When to look after limits have changed: at `due`. A session that is due by now gets a moment of its own, so that
  // thousands of them do not end in one turn.
  Time spread(Time due) const noexcept;
  std::size_t output_capacity() const noexcept { return conn_.endpoint_->output().capacity(); }
  // The facts as of now, after Conn::finish(). `in_line`: a line has begun and not ended.
  EndFacts end_facts(EndCause decided, int finish_failure, bool in_line) const noexcept;
  void report_limit(std::string_view limit, std::string_view action);  // arguments as in LimitReached

  // Tells the object that serves this connection of its beginning, or that it has another session now; and of its end.
  void begin_connection(LineConnection& connection) noexcept { connection.session_ = this; }
  void end_connection(LineConnection& connection, EndCause cause) noexcept;

  // For a catch block around a handler: tells the observer, and returns the cause of the connection's end. Memory that
  // has run out is a limit, over_limit; any other exception is an error.
  EndCause handler_threw() noexcept;

  // Counts and reports the end. It is the last call of a session. `limit` is as in ConnectionEnd.
  void report_end(const EndFacts& facts, std::uint64_t lines, std::string_view limit = {});

 private:
  friend class ServerCore;
  friend class SessionTable;
  friend class SessionOrder;
  friend class ConnectionTrace;
  friend class List<Session>;
  void set_number(std::uint64_t number) noexcept {
    number_ = number & ((std::uint64_t{1} << number_bits) - 1);
  }
  virtual std::uint64_t lines_delivered() const noexcept { return 0; }
  virtual void drain() noexcept = 0;
  virtual bool takes_place() const noexcept { return true; }  // one of Limits::connections
  virtual void limits_changed() noexcept {}  // its timer may be due earlier than armed: see spread()
  virtual void killed() noexcept {}          // kill() has ended the connection
  virtual void too_much_waits() noexcept {}  // for its peer: ends the connection as slow_reader

  Service& service_;
  Conn conn_;
  Time began_;
  ListNode<Session> node_;
  // SessionOrder gives it. It lasts for nine years of a million connections a second.
  static constexpr unsigned number_bits = 48;
  std::uint64_t number_ : number_bits = 0;
  SessionTable::Measure held_ = 0;

 protected:
  bool killed_ : 1 = false;

 private:
  bool is_told_to_drain_ : 1 = false;
  std::uint8_t limits_known_ : 6;  // the generation it has been told of
};

// When a new session does its first work: now, or from the loop's own stack, for a caller that a handler may have
// called.
enum class Begin : std::uint8_t { now, later };

void begin_lines(Service& service, Conn conn, Begin begin);
void begin_line_connection(Service& service, Conn conn, Begin begin);
void begin_stream(Service& service, Conn conn);  // always begins later
// Serves the rest of the connection of `former`, which has served `lines`, by `handler`. `connection`, if not null, is moved away and told of the
// end. Throws std::bad_alloc, and changes nothing then.
void begin_stream_after(Session& former, std::uint64_t lines, StreamHandler& handler,
                        std::unique_ptr<LineConnection>* connection);

}  // namespace reactord
