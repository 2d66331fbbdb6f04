// The session of a StreamHandler: the handler's coroutine inside ours, and a timer that watches for silence and for the
// end of its lifetime. It is there from its accept on, though the coroutine begins in the loop's own time.
#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "serve/server_core.hpp"

namespace reactord {

class StreamSession final : public Session, Timer {
 public:
  StreamSession(Service& service, Conn served)
      : Session(service, std::move(served)), context_(service.server().context(), Time::never()) {
    endpoint().cancel_when_given_up(context_);
    if (is_draining()) drain();
    watch();
  }
  ~StreamSession() { conn().reactor().timers().cancel(*this); }

  static Task<> run(StreamSession* begun) {
    const std::unique_ptr<StreamSession> session(begun);
    session->server().resumed(*session);
    try {  // the handler's whole life, of whatever kind its end is
      Task<> serving = session->service().stream().serve(session->conn(), session->context_);
      co_await std::move(serving);
    } catch (...) {
      session->threw_ = session->handler_threw();
    }
    session->handler_returned();
    FinishOperation finishing = session->conn().finish();
    auto finished = co_await finishing;
    session->report(finishing.failure());
  }

  // There is no memory for the coroutine.
  void end_unserved() {
    endpoint().run_out();
    decide(EndCause::error);
    report(0);
  }

 private:
  // The handler has returned: whatever it learned of the connection, we read off the connection itself.
  void handler_returned() noexcept {
    conn().reactor().timers().cancel(*this);
    if (threw_) return decide(*threw_);
    if (endpoint().has_eof()) return decide(EndCause::eof);
    if (is_draining()) return decide(EndCause::drained);
    decide(aged_ ? EndCause::lifetime : EndCause::finished);
  }

  void report(int finish_failure) {
    ended(end_facts(*decided_, finish_failure), 0, *decided_ == EndCause::over_limit ? "max-buffers" : "");
  }

  // The first reason counts.
  void decide(EndCause cause) noexcept {
    if (!decided_) decided_ = cause;
  }

  void drain() noexcept override { conn().finish_reading(); }

  std::size_t buffered() const noexcept override { return output_capacity(); }

  void evict() noexcept override {
    decide(EndCause::over_limit);
    conn().abort();
    context_.cancel(Error::with_text(ErrorCode::cancelled, "the server is out of buffer memory"));
  }

  void watch() noexcept {
    const Time silence = conn().last_activity() + service().idle_timeout();
    const Time due = has_lifetime() && !aged_ ? std::min(silence, lifetime_end()) : silence;
    if (!due.is_never()) conn().reactor().arm(*this, due);
  }

  void on_timer() override {
    const Time now = conn().reactor().now();
    // A steady reader of a long answer may leave the kernel's buffer too full to take more for a long time.
    if (now >= conn().last_activity() + service().idle_timeout() && !endpoint().peer_goes_on()) {
      decide(out_of_time(EndCause::idle, is_draining()));
      endpoint().begin_close();
      context_.cancel(Error::with_text(ErrorCode::cancelled, "the connection was idle"));
      return;
    }
    if (has_lifetime() && !aged_ && now >= lifetime_end()) {
      aged_ = true;
      conn().finish_reading();
      context_.cancel(Error::with_text(ErrorCode::cancelled, "the connection's lifetime is over"));
    }
    watch();
  }

  Context context_;
  bool aged_ = false;
  std::optional<EndCause> threw_;    // an exception has left the handler, and means this
  std::optional<EndCause> decided_;  // why it ends, once that is known
};

void begin_stream(Service& service, Conn conn) {
  auto session = std::make_unique<StreamSession>(service, std::move(conn));
  try {
    service.server().reactor().spawn(StreamSession::run(session.get()));
    session.release();
  } catch (const std::bad_alloc&) {
    session->end_unserved();
  }
}

}  // namespace reactord
