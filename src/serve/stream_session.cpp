// The session of a StreamHandler: the handler's coroutine inside the session's own, and a timer for the idle timeout,
// the line timeout and the lifetime. The session exists from the accept on; the coroutine begins on the loop's own
// stack.
#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "serve/server_core.hpp"
#include "serve/stream_lines.hpp"

namespace reactord {

class StreamSession final : public Session, StreamLines {
 public:
  StreamSession(Service& service, Conn served)
      : Session(service, std::move(served)),
        StreamLines(endpoint()),
        context_(service.server().context(), Time::never()) {
    begin_timing();
  }
  StreamSession(Session& former, std::uint64_t lines, std::unique_ptr<LineConnection>* connection) noexcept
      : Session(former),
        StreamLines(endpoint()),
        context_(service().server().context(), Time::never()),
        lines_before_(lines) {
    if (connection != nullptr) connection_ = std::move(*connection);
    if (connection_ != nullptr) begin_connection(*connection_);
    auto cleared = conn().set_read_deadline(Time::never());
    begin_timing();
  }
  ~StreamSession() { endpoint().set_listener(nullptr); }

  static Task<> run(StreamSession* begun, StreamHandler& handler) {
    const std::unique_ptr<StreamSession> session(begun);
    session->server().resumed(*session);
    try {  // covers the handler's whole life, however it ends
      Task<> serving = handler.serve(session->conn(), session->context_);
      co_await std::move(serving);
      session->answer_long_line();
    } catch (...) {
      session->threw_ = session->handler_threw();
    }
    session->handler_returned();
    session->endpoint().begin_close();
    session->holds();  // holds the bytes still to be sent
    FinishOperation finishing = session->conn().finish();
    auto finished = co_await finishing;
    session->report(finishing.failure());
  }

  // Called when there is no memory for the coroutine.
  void end_unserved() {
    endpoint().run_out();
    decide(EndCause::error);
    report(0);
  }

 private:
  using Session::endpoint;

  // The handler's own errors are not known, so the cause is read off the connection.
  void handler_returned() noexcept {
    endpoint().look_at(Time::never());
    limit_ended_it_ = limit_ended_it_ || (threw_ && !decided_);  // for over_limit
    if (threw_) return decide(*threw_);
    if (const auto cause = StreamLines::cause()) return decide(*cause);
    if (endpoint().has_eof()) return decide(EndCause::eof);
    if (is_draining()) return decide(EndCause::drained);
    decide(is_old_ ? EndCause::lifetime : EndCause::finished);
  }

  void report(int finish_failure) {
    const EndFacts facts = end_facts(*decided_, finish_failure, waits_for_line());
    if (connection_ != nullptr) end_connection(*connection_, facts.cause());
    StreamLines::ended(facts.cause());
    report_end(facts, lines_before_, limit_behind(facts.cause(), limit_ended_it_));
  }

  void begin_timing() noexcept {
    endpoint().set_listener(this);
    if (is_draining()) begin_drain();
    look_in_time();
  }

  // The first cause counts.
  void decide(EndCause cause) noexcept {
    if (!decided_) decided_ = cause;
  }

  std::uint64_t lines_delivered() const noexcept override { return lines_before_; }

  void count_work(OpenWork& work) const noexcept override {
    if (!decided_) ++work.streams;
  }

  void drain() noexcept override { conn().finish_reading(); }

  std::size_t buffered() const noexcept override { return StreamLines::buffered() + output_capacity(); }

  void evict() noexcept override {
    drop();
    cut_off(EndCause::over_limit, "the server is out of buffer memory");
  }

  // Called when it holds too much.
  void cut_off(EndCause cause, const char* why) noexcept {
    limit_ended_it_ = !decided_;
    decide(cause);
    conn().abort();
    give_up(why);
  }

  void give_up(const char* why) noexcept {
    context_.cancel(Error::with_text(ErrorCode::cancelled, why));
    nobody_waits();
  }
  void killed() noexcept override { nobody_waits(); }

  using Session::push;
  bool push(std::string_view bytes) noexcept override {
    return Session::push(bytes, Overflow::end, PushTime::end_of_turn);
  }
  const Limits& limits() const noexcept override { return service().limits(); }
  void on_buffered() noexcept override { holds(); }
  void on_line_waits() noexcept override { look_in_time(); }
  void on_line_cut(std::string_view action) noexcept override { report_limit("max-line", action); }
  void too_much_waits() noexcept override { on_overflow(); }
  void on_overflow() noexcept override { cut_off(EndCause::slow_reader, "too much waits for the peer"); }
  void on_no_memory() noexcept override {
    cut_off(EndCause::over_limit, "the server is out of buffer memory");
  }
  // A handler that waits for its answers may neither read nor write, and would not hear of a reset.
  void on_ready() noexcept override {
    if (owes_answers() && endpoint().has_error()) nobody_waits();
  }
  void on_given_up() noexcept override { give_up("the peer took nothing for too long"); }

  void limits_changed() noexcept override {
    if (!decided_) endpoint().look_at(spread(client_clock().due(limits())));
  }

  ClientClock client_clock() const noexcept {
    ClientClock clock = this->clock();
    clock.quiet_since =
        owes_answers() ? conn().reactor().now() : std::max(conn().last_activity(), last_given());
    if (waits_for_line()) clock.quiet_since = clock.line_since = line_began();
    if (is_old_) clock.accepted = Time::never();
    return clock;
  }

  void look_in_time() noexcept {
    if (!decided_) endpoint().look_at(client_clock().due(limits()));
  }

  void on_look() noexcept override {
    // A steady reader of a long answer may leave the kernel's buffer too full to take more for a long time.
    if (!waits_for_line()) endpoint().peer_goes_on();
    const auto verdict = client_clock().verdict(limits(), conn().reactor().now());
    if (verdict == EndCause::lifetime) {
      is_old_ = true;
      conn().finish_reading();
      context_.cancel(Error::with_text(ErrorCode::cancelled, "the connection's lifetime is over"));
    } else if (verdict) {
      return too_slow(*verdict);
    }
    look_in_time();
  }

  void too_slow(EndCause cause) noexcept {
    const char* const why =
        waits_for_line() && limits().line_timeout > 0ns ? "a line took too long" : "the connection was idle";
    decide(cause);
    endpoint().begin_close();
    give_up(why);
  }

  Context context_;
  const std::uint64_t lines_before_ = 0;        // served by the session that has handed over
  std::unique_ptr<LineConnection> connection_;  // served the connection's lines before; null: there were none
  bool is_old_ = false;                         // set when its lifetime is over
  bool limit_ended_it_ = false;                 // set when it held too much
  std::optional<EndCause> threw_;               // the cause of an exception that has left the handler
  std::optional<EndCause> decided_;             // the cause of its end, once known
};

namespace {

void begin(std::unique_ptr<StreamSession> session, Reactor& reactor, StreamHandler& handler) {
  try {
    reactor.spawn(StreamSession::run(session.get(), handler));
    session.release();
  } catch (const std::bad_alloc&) {
    session->end_unserved();
  }
}

}  // namespace

void begin_stream(Service& service, Conn conn) {
  begin(std::make_unique<StreamSession>(service, std::move(conn)), service.server().reactor(),
        *service.handler().stream());
}

void begin_stream_after(Session& former, std::uint64_t lines, StreamHandler& handler,
                        std::unique_ptr<LineConnection>* connection) {
  Reactor& reactor = former.connection().reactor();
  begin(std::make_unique<StreamSession>(former, lines, connection), reactor, handler);
}

}  // namespace reactord
