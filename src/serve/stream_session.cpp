// The session of a StreamHandler: the handler's coroutine inside ours, and a timer that watches for silence and for the
// end of its lifetime.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "serve/session.hpp"

namespace reactord {

class StreamSession final : public Session, Timer {
 public:
  StreamSession(Service& service, Conn served)
      : Session(service, std::move(served)), context_(service.context(), Time::never()) {
    runs();
    endpoint().cancel_when_given_up(context_);
    if (is_draining()) drain();
    watch();
  }
  ~StreamSession() { conn().reactor().timers().cancel(*this); }

  Conn& served() noexcept { return conn(); }
  Context& context() noexcept { return context_; }

  // The handler has returned: whatever it learned of the connection, we read off the connection itself.
  void handler_returned() noexcept {
    conn().reactor().timers().cancel(*this);
    drained_ = is_draining() && !endpoint().has_eof();
    eof_ = endpoint().has_eof();
  }

  void report() {
    ended(cause(), endpoint().read_failure() != 0 ? endpoint().read_failure() : endpoint().write_failure(), 0,
          evicted_ ? "max-buffers" : "");
  }

 private:
  EndCause cause() noexcept {
    if (endpoint().gave_up()) return EndCause::slow_reader;
    if (silent_) return EndCause::idle;
    if (killed_) return EndCause::killed;
    if (evicted_) return EndCause::over_limit;
    if (endpoint().write_failure() != 0) return cause_of(endpoint().write_failure());
    if (endpoint().read_failure() != 0) return cause_of(endpoint().read_failure());
    if (drained_) return EndCause::drained;
    if (aged_ && !eof_) return EndCause::lifetime;
    return eof_ ? EndCause::eof : EndCause::finished;
  }

  void drain() noexcept override { conn().finish_reading(); }

  std::size_t buffered() const noexcept override { return output_capacity(); }

  void evict() noexcept override {
    evicted_ = true;
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
    // Who reads a long answer steadily may leave the kernel's buffer too full to take more for a long time.
    if (now >= conn().last_activity() + service().idle_timeout() && !endpoint().peer_goes_on()) {
      silent_ = true;
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
  bool silent_ = false;
  bool aged_ = false;
  bool evicted_ = false;
  bool drained_ = false;
  bool eof_ = false;
};

Task<> serve_stream(Service& service, Conn conn) {
  StreamSession session(service, std::move(conn));
  Task<> serving = service.stream().serve(session.served(), session.context());
  co_await std::move(serving);
  session.handler_returned();
  auto finished = co_await session.served().finish();
  session.report();
}

}  // namespace reactord
