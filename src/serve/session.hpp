// Session: one live connection of a Server, from its accept to its line in the log.
//
// A session owns its connection. Its server lists it before the call that made it returns: so no moment lies between
// counting a connection and listing it. It deletes itself at its end.
#pragma once

#include "net/endpoint.hpp"
#include "reactord/server.hpp"
#include "serve/client_clock.hpp"
#include "serve/end_facts.hpp"
#include "serve/service.hpp"
#include "serve/session_table.hpp"

namespace reactord {

class ServerCore;

class Session {
 public:
  Session(Service& service, Conn conn);
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

  // For a catch block around a handler: tells the observer, and returns the cause of the connection's end. Memory that
  // has run out is a limit, over_limit; any other exception is an error.
  EndCause handler_threw() noexcept;

  // Counts and reports the end. It is the last call of a session. `limit` is as in ConnectionEnd.
  void ended(const EndFacts& facts, std::uint64_t lines, std::string_view limit = {});

 private:
  friend class ServerCore;
  friend class SessionTable;
  virtual void drain() noexcept = 0;
  virtual bool takes_place() const noexcept { return true; }  // one of Limits::connections
  virtual void limits_changed() noexcept {}  // its timer may be due earlier than armed: see spread()

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
  std::uint8_t limits_known_ : 6;  // the generation it has been told of
};

// When a new session does its first work: now, or from the loop's own stack, for a caller that a handler may have
// called.
enum class Begin : std::uint8_t { now, later };

void begin_lines(Service& service, Conn conn, Begin begin);
void begin_stream(Service& service, Conn conn);  // always begins later

}  // namespace reactord
