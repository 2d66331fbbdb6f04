#include "reactord/relay.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <utility>

#include "net/pause_operation.hpp"

namespace reactord {
namespace {

// Where a copy has come to its end.
enum class Stopped : std::uint8_t {
  at_eof,   // of what it reads: it is whole
  reading,  // a read has failed
  writing,  // a write has failed
};

// The bytes of `to` that the kernel has had since it had `before`.
std::uint64_t written_since(const Conn& to, std::uint64_t before) noexcept {
  return to.bytes_written() > before ? to.bytes_written() - before : 0;
}

// The buffer has storage only while it holds bytes. Budgets are those of the two connections.
Task<Stopped> copy_bytes(Conn& from, Conn& to, CopyResult& copied) {
  Buffer bytes;
  while (true) {
    auto read = co_await from.read(bytes);
    if (!read) {
      if (read.error().is_eof()) co_return Stopped::at_eof;
      copied.ended = std::unexpected(std::move(read).error());
      co_return Stopped::reading;
    }
    const std::uint64_t before = to.bytes_written() + to.unsent();
    auto written = co_await to.write(bytes.view());
    bytes.clear();
    if (written) {
      auto flushed = co_await to.flush();
      written = std::move(flushed);
    }
    copied.bytes += written_since(to, before);
    if (!written) {
      copied.ended = std::unexpected(std::move(written).error());
      co_return Stopped::writing;
    }
  }
}

class Relay final : Timer {
 public:
  Relay(Conn& first, Conn& second, const RelayOptions& options)
      : first_(first),
        second_(second),
        idle_timeout_(options.idle_timeout),
        began_(reactor().now()),
        scope_(options.context == nullptr ? Context(reactor()) : Context(*options.context, Time::never())) {}
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() {
    reactor().timers().cancel(*this);
    first_.set_context(nullptr);
    second_.set_context(nullptr);
  }

  // Ends when both directions have: they refer to this relay.
  Task<> run() {
    first_.set_context(&scope_);
    second_.set_context(&scope_);
    if (idle_timeout_ > 0ns) reactor().arm(*this, idle_at());
    begin_back();
    try {
      co_await pass(*this, first_, second_, result_.first_to_second);
    } catch (const std::bad_alloc&) {
      failed(Error::from_errno(ENOMEM));
    }
    while (is_passing_back_) {
      PauseOperation pausing(reactor(), Time::never());
      pausing_ = &pausing;
      auto slept = co_await pausing;
      pausing_ = nullptr;
    }
  }

  RelayResult& result() noexcept { return result_; }

 private:
  Reactor& reactor() const noexcept { return first_.reactor(); }

  void begin_back() {
    try {
      reactor().spawn(pass_back(*this));
      is_passing_back_ = true;
    } catch (const std::bad_alloc&) {
      failed(Error::from_errno(ENOMEM));
    }
  }

  static Task<> pass_back(Relay& relay) {
    try {
      co_await pass(relay, relay.second_, relay.first_, relay.result_.second_to_first);
    } catch (const std::bad_alloc&) {
      relay.failed(Error::from_errno(ENOMEM));
    }
    relay.is_passing_back_ = false;
    if (relay.pausing_ != nullptr) relay.pausing_->end();
  }

  static Task<> pass(Relay& relay, Conn& from, Conn& to, std::uint64_t& bytes) {
    CopyResult copied;
    const auto stopped = co_await copy_bytes(from, to, copied);
    bytes = copied.bytes;
    if (stopped == Stopped::at_eof) {
      [[maybe_unused]] const auto ended = to.close_write();  // unless somebody has closed it
      co_return;
    }
    const bool is_reading = stopped == Stopped::reading;
    if (is_broken(is_reading ? from : to, copied.ended.error())) (is_reading ? to : from).reset();
    relay.failed(std::move(copied.ended).error());
  }

  // Its peer, or the network, has failed: the peer of the other is told. A pipe() breaks by the peer's close.
  static bool is_broken(const Conn& conn, const Error& error) noexcept {
    return error == ErrorCode::system || (error == ErrorCode::closed_pipe && !conn.is_closed());
  }

  // The first failure is told, and ends the other direction.
  void failed(Error error) {
    if (result_.ended) result_.ended = std::unexpected(std::move(error));
    scope_.cancel();
  }

  Time idle_at() const noexcept {
    return std::max({began_, first_.last_activity(), second_.last_activity()}) + idle_timeout_;
  }

  void on_timer() override {
    if (reactor().now() < idle_at()) return reactor().arm(*this, idle_at());
    failed(idle_error());
  }

  // Without addresses, where there is no memory for them.
  Error idle_error() const noexcept {
    Error error(ErrorCode::deadline_exceeded);
    try {
      return std::move(error).with_operation("relay", to_string(first_.network()),
                                             first_.remote_addr().text(), second_.remote_addr().text());
    } catch (const std::bad_alloc&) {
      return error;
    }
  }

  Conn& first_;
  Conn& second_;
  const Duration idle_timeout_;
  const Time began_;
  Context scope_;  // of both connections: what ends the directions
  RelayResult result_;
  PauseOperation* pausing_ = nullptr;  // of run(), while it waits for the way back
  bool is_passing_back_ = false;       // from second to first
};

}  // namespace

Task<CopyResult> copy(Conn& from, Conn& to) {
  CopyResult copied;
  co_await copy_bytes(from, to, copied);
  co_return copied;
}

Task<RelayResult> relay(Conn& first, Conn& second, RelayOptions options) {
  Relay relaying(first, second, options);
  co_await relaying.run();
  co_return std::move(relaying.result());
}

}  // namespace reactord
