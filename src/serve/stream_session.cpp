// The session of a StreamHandler: the handler's coroutine inside ours, and a timer that watches for silence.
#include <cerrno>
#include <utility>

#include "serve/session.hpp"

namespace reactord {

class StreamSession final : public Session, Timer {
 public:
  StreamSession(Service& service, Conn served)
      : Session(service, std::move(served)), context_(service.context(), Time::never()) {
    if (is_draining()) drain();
    watch_for_silence();
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
    ended(cause(), endpoint().read_failure() != 0 ? endpoint().read_failure() : endpoint().write_failure(),
          0);
  }

 private:
  EndCause cause() noexcept {
    if (silent_) return EndCause::idle;
    if (killed_) return EndCause::killed;
    if (endpoint().write_failure() != 0) return cause_of(endpoint().write_failure());
    if (endpoint().read_failure() != 0) return cause_of(endpoint().read_failure());
    if (drained_) return EndCause::drained;
    return eof_ ? EndCause::eof : EndCause::finished;
  }

  void drain() noexcept override { conn().finish_reading(); }

  void watch_for_silence() noexcept {
    const Duration timeout = service().options().limits.idle_timeout;
    if (timeout > 0ns) conn().reactor().arm(*this, conn().last_activity() + timeout);
  }

  void on_timer() override {
    if (conn().reactor().now() < conn().last_activity() + service().options().limits.idle_timeout)
      return watch_for_silence();
    silent_ = true;
    endpoint().begin_close();
    context_.cancel(Error::with_text(ErrorCode::cancelled, "the connection was idle"));
  }

  Context context_;
  bool silent_ = false;
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
