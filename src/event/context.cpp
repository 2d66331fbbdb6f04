#include "reactord/context.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace reactord {

void ContextListener::listen(Context& context) noexcept {
  assert(!context.is_done() && "nothing is told by a Context that is done");
  stop_listening();
  context.listeners_.push_front(*this);
}

void ContextListener::stop_listening() noexcept {
  if (node_.is_linked()) List<ContextListener>::remove(*this);
}

Context::Context(Context& parent, Time deadline)
    : reactor_(parent.reactor_), deadline_(std::min(deadline, parent.deadline_)) {
  if (parent.is_done()) {
    on_done(parent);
  } else if (deadline_ <= reactor_.now()) {
    end(ErrorCode::deadline_exceeded, nullptr);
  } else {
    listen(parent);
  }
  if (!is_done() && deadline_ < parent.deadline_)
    reactor_.arm(*this, deadline_);  // else the parent's timer ends this one too
}

Context::~Context() { cancel(); }

void Context::cancel() { end(ErrorCode::cancelled, nullptr); }
void Context::cancel(Error cause) { end(ErrorCode::cancelled, &cause); }

void Context::on_timer() { end(ErrorCode::deadline_exceeded, nullptr); }
void Context::on_done(Context& parent) noexcept { end(parent.code_, parent.cause_.get()); }

// Depth first: a deep tree takes stack, about a hundred bytes a level. No listener runs user code, so only this
// function changes the list.
void Context::end(ErrorCode code, const Error* cause) noexcept {
  if (is_done()) return;
  code_ = code;
  if (cause != nullptr) cause_.reset(new (std::nothrow) Error(*cause));
  reactor_.timers().cancel(*this);
  stop_listening();
  while (ContextListener* const listener = listeners_.first()) {
    listener->stop_listening();
    listener->on_done(*this);
  }
}

std::optional<Error> Context::error() const {
  if (!is_done()) return std::nullopt;
  const bool timeout = code_ == ErrorCode::deadline_exceeded;
  return Error::with_text(code_, timeout ? "context deadline exceeded" : "context canceled");
}

std::optional<Error> Context::cause() const { return cause_ ? *cause_ : error(); }

ContextSleepOperation Context::sleep_until(Time time) & noexcept { return {*this, time}; }
ContextSleepOperation Context::sleep(Duration duration) & noexcept {
  return {*this, reactor_.now() + duration};
}
ContextSleepOperation Context::done() & noexcept { return {*this, Time::never()}; }

bool ContextSleepOperation::await_ready() noexcept {
  if (context_.is_done()) failure_ = context_.code();
  return failure_.has_value();
}

void ContextSleepOperation::await_suspend(std::coroutine_handle<> waiter) noexcept {
  SleepOperation::await_suspend(waiter);
  listen(context_);
}

Result<void> ContextSleepOperation::await_resume() const {
  if (!failure_) return SleepOperation::await_resume();
  return std::unexpected(Error(*failure_));
}

void ContextSleepOperation::on_done(Context& context) noexcept {
  if (is_cancelled()) return;  // the Reactor's shutdown has queued it
  failure_ = context.code();
  wake_up();
}

void ContextSleepOperation::on_timer() {
  stop_listening();
  SleepOperation::on_timer();
}

class AfterFunction::Record final : public ContextListener, public Resumable {
 public:
  Record(Reactor& on, AfterFunction& of, std::move_only_function<void()> work)
      : reactor(on), handle(&of), function(std::move(work)) {
    state = this;
    run = [](void* self) { static_cast<Record*>(self)->call(); };
  }

  void queue() noexcept {
    is_queued = true;
    reactor.work_began();  // a function queued by a cancel keeps the loop going, as a task does
    reactor.resume_later(*this);
  }

  Reactor& reactor;
  AfterFunction* handle;  // null when it can't be stopped any more
  std::move_only_function<void()> function;
  bool is_queued = false;

 private:
  void on_done(Context&) noexcept override { queue(); }

  void call() noexcept {
    if (handle != nullptr) handle->record_ = nullptr;
    auto work = std::move(function);
    reactor.work_ended();
    delete this;
    if (work) work();
  }
};

AfterFunction::AfterFunction(Context& context, std::move_only_function<void()> function)
    : record_(new Record(context.reactor(), *this, std::move(function))) {
  if (context.is_done()) {
    record_->queue();
  } else {
    record_->listen(context);
  }
}

AfterFunction::AfterFunction(AfterFunction&& other) noexcept
    : record_(std::exchange(other.record_, nullptr)) {
  if (record_ != nullptr) record_->handle = this;
}

AfterFunction& AfterFunction::operator=(AfterFunction&& other) noexcept {
  if (this == &other) return *this;
  stop();
  record_ = std::exchange(other.record_, nullptr);
  if (record_ != nullptr) record_->handle = this;
  return *this;
}

AfterFunction::~AfterFunction() { stop(); }

bool AfterFunction::stop() noexcept {
  Record* record = std::exchange(record_, nullptr);
  if (record == nullptr) return false;
  if (!record->is_queued) {
    delete record;
  } else {
    record->handle = nullptr;
    record->function = nullptr;
  }
  return true;
}

}  // namespace reactord
