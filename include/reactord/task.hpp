// Task<T>: a coroutine that the loop runs. Go's goroutine, without a stack of its own.
//
//     Task<> greet(Conn& conn) { auto sent = co_await conn.write("hello\n"); }
//
//     reactor.spawn(greet_everyone());          runs beside the others, answers to nobody
//     auto result = co_await count_lines(...);  runs now, the caller waits for it and owns what it refers to
//
// Lazy: nothing runs before spawn() or co_await. A Task is awaited or spawned once; one that is neither never
// runs. A suspended task is never destroyed: what it waits for fails, and it runs to its end. Its frame is
// freed after that, at the end of the turn. An exception that leaves a task ends the program
// (std::terminate).
//
// House style, which avoids the known coroutine faults of compilers: await into a named local, alone in its
// statement; no lambda with captures as a coroutine; parameters by value unless the awaiting caller owns
// them.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace reactord {

class Reactor;

// Something to be resumed by the loop, once: a node of the Reactor's queues. It must outlive its stay there.
struct Resumable {
  Resumable* next = nullptr;
  void (*run)(void* state) = nullptr;  // a coroutine, or an object that is driven by its operations
  void* state = nullptr;

  void wake(std::coroutine_handle<> waiter) noexcept {
    run = [](void* frame) { std::coroutine_handle<>::from_address(frame).resume(); };
    state = waiter.address();
  }
  void resume() { run(state); }
};

namespace detail {

struct TaskPromiseBase {
  Reactor* reactor = nullptr;  // set for a spawned task only
  Resumable node;  // spawned: its own frame, in a queue at birth and again at the end; awaited: who awaits it

  static std::suspend_always initial_suspend() noexcept { return {}; }
  [[noreturn]] static void unhandled_exception() noexcept { std::terminate(); }

  struct FinalAwaiter {
    static bool await_ready() noexcept { return false; }
    template <typename Promise>
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      TaskPromiseBase& promise = ended.promise();
      if (promise.reactor == nullptr) return std::coroutine_handle<>::from_address(promise.node.state);
      task_ended(promise);
      return std::noop_coroutine();
    }
    static void await_resume() noexcept {}
  };
  static FinalAwaiter final_suspend() noexcept { return {}; }

  static void task_ended(TaskPromiseBase& promise) noexcept;  // in reactor.cpp
};

template <typename T>
struct TaskPromise;

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle frame) noexcept : frame_(frame) {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();  // it never ran, or it has ended
  }

  bool await_ready() const noexcept { return false; }
  Handle await_suspend(std::coroutine_handle<> caller) noexcept {
    frame_.promise().node.wake(caller);
    return frame_;
  }
  T await_resume() { return frame_.promise().take(); }

 private:
  friend class Reactor;
  Handle release() noexcept { return std::exchange(frame_, nullptr); }
  Handle frame_;
};

namespace detail {

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  void return_value(T result) { value.emplace(std::move(result)); }
  T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
  }
  static void return_void() noexcept {}
  static void take() noexcept {}
};

}  // namespace detail
}  // namespace reactord
