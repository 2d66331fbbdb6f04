#include "reactord/signals.hpp"

#include <utility>

#include "event/signal_descriptor.hpp"

namespace reactord {

class SignalWatch final : public Watch {
 public:
  using Watch::Watch;

  // True if the operation has completed.
  bool begin(NextSignalOperation& operation) noexcept {
    if (is_retired()) return true;
    if (pending_ != nullptr) {
      operation.failure_ = ErrorCode::busy;
      return true;
    }
    if (take(operation)) return true;
    pending_ = &operation;
    return false;
  }

  void close() noexcept {
    if (is_retired()) return;
    if (NextSignalOperation* operation = std::exchange(pending_, nullptr)) reactor().resume_later(*operation);
    reactor().retire(*this);
  }

 private:
  bool take(NextSignalOperation& operation) noexcept {
    operation.number_ = take_signal(fd());
    return operation.number_ != 0;
  }
  void on_ready(Readiness) override {
    if (pending_ == nullptr || !take(*pending_)) return;
    std::exchange(pending_, nullptr)->resume();
  }
  void on_release() override { close(); }
  void on_shutdown() override { close(); }

  NextSignalOperation* pending_ = nullptr;
};

Signals::Signals(SignalWatch* watch) noexcept : watch_(watch) {}
Signals::Signals(Signals&&) noexcept = default;
Signals& Signals::operator=(Signals&&) noexcept = default;
Signals::~Signals() = default;

Result<Signals> Signals::open(Reactor& reactor, std::initializer_list<int> numbers) {
  const int fd = open_signal_descriptor(numbers);
  if (fd < 0) return std::unexpected(Error::from_errno(-fd, "signalfd"));
  Signals signals(new SignalWatch(reactor, fd));
  auto added = reactor.add(*signals.watch_);
  if (!added) return std::unexpected(std::move(added).error());
  return signals;
}

NextSignalOperation Signals::next() & noexcept { return NextSignalOperation(*watch_); }
void Signals::close() noexcept { watch_->close(); }

bool NextSignalOperation::await_ready() noexcept { return watch_.begin(*this); }

Result<int> NextSignalOperation::await_resume() const {
  if (number_ != 0) return number_;
  return std::unexpected(Error(failure_));
}

}  // namespace reactord
